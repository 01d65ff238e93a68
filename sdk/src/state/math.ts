/**
 * Deterministic maths: `rollmesh/math`. The same arguments give the same bits in every browser, on every processor,
 * which `Math.sin` and its relatives and `**` do not (docs/determinism.md). Built on + - * / and sqrt, which IEEE 754
 * fixes to the last bit. Plain arithmetic, `Math.floor`, `Math.abs`, `Math.min` and the like need no replacement.
 */
export { createRandom, type Random } from '../base/prng.js';
export {
  atan2Turn,
  clamp,
  cosTurn,
  lerp,
  sincosTurn,
  sinTurn,
  TURN_STEPS,
  turnDifference,
  wrapAngle,
} from './math-angle.js';
export { cbrt, exp, hypot, log, log2, log10, pow, sqrt } from './math-exp.js';
export { acos, asin, atan, atan2, cos, sin, sincosAt, tan } from './math-trig.js';
