/** Every event that a session has, so that a node can hear all of them. */
import type { SessionEvents } from '../session/session-types.js';

const EVENT_TYPES: { readonly [K in keyof SessionEvents]: true } = {
  started: true,
  'peer-late': true,
  'peer-back': true,
  'peer-left': true,
  'peer-substituted': true,
  'peer-returned': true,
  rewound: true,
  'join-requested': true,
  'peer-joined': true,
  'join-refused': true,
  'join-progress': true,
  'match-paused': true,
  'match-resumed': true,
  desync: true,
  equivocation: true,
  stalled: true,
  resumed: true,
  'no-quorum': true,
  incompatible: true,
  effect: true,
  'effect-retracted': true,
  'input-clamped': true,
  'determinism-warning': true,
  ended: true,
};

/** Any event of a session. */
export type AnySessionEvent = SessionEvents[keyof SessionEvents];

/** All names. */
export const SESSION_EVENTS: readonly (keyof SessionEvents)[] = Object.keys(
  EVENT_TYPES,
) as (keyof SessionEvents)[];
