/** What `npm run fuzz` bundles with counters: all targets, and the fuzzer. */
import type { FuzzTarget } from './fuzzer.js';
import { JOIN_TARGETS } from './join-targets.js';
import { createSessionTarget } from './session-target.js';
import { SIGNING_TARGETS } from './signing-targets.js';
import { STATE_TARGETS } from './state-targets.js';
import { ALL_WIRE_DECODERS, WIRE_TARGETS } from './wire-targets.js';

export { fuzz } from './fuzzer.js';

/** Scopes that must belong to some target. */
export const DECODERS: RegExp = ALL_WIRE_DECODERS;

/** The targets whose names are in `names`; all if it is empty. The session's is made on demand: it runs matches first. */
export function targets(names: readonly string[]): FuzzTarget[] {
  const isWanted = (name: string): boolean => names.length === 0 || names.includes(name);
  const small = [...WIRE_TARGETS, ...JOIN_TARGETS, ...SIGNING_TARGETS, ...STATE_TARGETS].filter(({ name }) =>
    isWanted(name),
  );
  return isWanted('session') ? [...small, createSessionTarget()] : small;
}
