/** The legal moves of a session's phase. docs/state-machines.md shows the same table; a test compares them. */
import { assert } from '../base/errors.js';
import type { SessionPhase } from './session-types.js';

/** From each phase, the phases it may move to. */
export const SESSION_MOVES: { readonly [K in SessionPhase]: readonly SessionPhase[] } = {
  handshake: ['joining', 'running', 'ended'],
  joining: ['running', 'paused', 'ended'],
  running: ['joining', 'paused', 'no-quorum', 'ended'],
  paused: ['joining', 'running', 'no-quorum', 'ended'],
  'no-quorum': ['joining', 'running', 'paused', 'ended'],
  ended: [],
};

/** Asserts that a move is legal. */
export function checkSessionMove(from: SessionPhase, to: SessionPhase): void {
  assert(SESSION_MOVES[from].includes(to), `session moves from ${from} to ${to}`);
}
