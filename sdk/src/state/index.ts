/** Typed inputs and state: `rollmesh/state`. */
export { createRandom, type Random } from '../base/prng.js';
export type { FieldDifference, InputDefinition, StateDefinition, StateStore } from './definitions.js';
export {
  type ButtonField,
  button,
  defineInput,
  INPUT_BYTES_MAX,
  type InputFields,
  type InputOf,
  type InputValue,
  type IntField,
  int,
} from './input.js';
