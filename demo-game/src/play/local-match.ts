/** Matches on this page alone: practice against bots, and the bots that play behind the menu. */
import { startLocalMatch } from 'rollmesh';
import { cueOf, rumble } from '../game/index.js';
import type { Controls } from '../input/controls.js';
import type { Address } from '../net/address.js';
import type { RumbleMatch } from '../net/join-match.js';
import { practiceSeats } from '../net/seats.js';
import type { Stage } from '../stage-types.js';
import { handsOf } from './hands.js';

/** What {@link localMatch} needs. */
export interface LocalMatchParts {
  readonly address: Address;
  readonly controls: Controls;
  readonly playerCount: number;
  /** The first slot is a bot's too. */
  readonly botsOnly: boolean;
}

/** Starts a match without a network. */
export function localMatch({ address, controls, playerCount, botsOnly }: LocalMatchParts): RumbleMatch {
  let match: RumbleMatch | undefined;
  const readInput = handsOf({ controls, seed: botSeed(address), botsOnly, look: () => match });
  const { seed } = address;
  match = startLocalMatch(rumble, { playerCount, readInput, ...(seed === undefined ? {} : { seed }) });
  return match;
}

/** Seed of this page's bots: the address's, or a new one. */
export function botSeed({ seed }: Address): number {
  return seed ?? Math.floor(Math.random() * 0xffffffff);
}

/** Bots that play behind the menu. */
const SHOW_BOTS = 4;

/** The match behind the menu. */
export class Show {
  readonly #parts: { readonly address: Address; readonly controls: Controls; readonly stage: Stage };
  #match: RumbleMatch | undefined;

  constructor(parts: { readonly address: Address; readonly controls: Controls; readonly stage: Stage }) {
    this.#parts = parts;
  }

  /** Begins, unless it runs already or nothing is to be drawn. */
  begin(): void {
    const { address, controls, stage } = this.#parts;
    if (this.#match !== undefined || !address.draw) return;
    const match = localMatch({ address, controls, playerCount: SHOW_BOTS, botsOnly: true });
    this.#match = match;
    stage.watch(match, practiceSeats(undefined, 0, SHOW_BOTS));
    match.on('effect', (event) => stage.show(cueOf(event)));
  }

  end(): void {
    void this.#match?.leave();
    this.#match = undefined;
  }
}
