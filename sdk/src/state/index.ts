/** Typed inputs and state: `rollmesh/state`. */
export { createRandom, type Random } from '../base/prng.js';
export { type CustomStateOptions, customState } from './custom-state.js';
export { defineState, type StateOf } from './define-state.js';
export type { FieldDifference, InputDefinition, StateDefinition, StateStore } from './definitions.js';
export {
  type DeterminismGuard,
  type DeterminismReport,
  installDeterminismGuard,
} from './determinism-guard.js';
export {
  type ArrayType,
  array,
  type BoolType,
  bool,
  type ColumnOf,
  f32,
  f64,
  i8,
  i16,
  i32,
  type NumberColumns,
  type NumberType,
  STATE_BYTES_MAX,
  type StateFields,
  type StateValue,
  type TableColumns,
  type TableType,
  table,
  u8,
  u16,
  u32,
  type ValueType,
} from './fields.js';
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
export { plainState } from './plain-state.js';
