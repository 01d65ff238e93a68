/**
 * The states of a link and the moves between them. docs/state-machines.md shows the same table; a test compares.
 *
 * Later releases add 'restarting' (ICE restart) and 'relayed' (packets through a third peer) beside 'suspect'.
 */
import { assert } from '../base/errors.js';
import type { LinkPhase } from './transport.js';

/** For each phase the phases that may follow. A link starts as 'new'; 'lost' to 'new' is the same peer met again. */
export const LINK_MOVES: Readonly<Record<LinkPhase, readonly LinkPhase[]>> = {
  new: ['checking', 'lost'],
  checking: ['open', 'lost'],
  open: ['suspect', 'lost'],
  suspect: ['open', 'lost'],
  lost: ['new'],
};

/** @throws {InvariantError} if the table does not allow the move: that is our own bug. */
export function assertLinkMove(from: LinkPhase, to: LinkPhase): void {
  assert(LINK_MOVES[from].includes(to), `A link may not move from '${from}' to '${to}'.`);
}
