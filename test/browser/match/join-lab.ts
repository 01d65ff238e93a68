/** The page of the late-join tests: a game whose state is one megabyte, and what a test asks about it. */
import {
  connectLobby,
  defineGame,
  defineInput,
  defineState,
  i32,
  int,
  type JoiningProgress,
  type Lobby,
  type Match,
  type Room,
  table,
} from 'rollmesh';

const TILES = 262_144;

/** Tiles that players change one by one, all over the map. */
const game = defineGame({
  id: 'tiles',
  version: '1',
  playersMax: 4,
  input: defineInput({ v: int(0, 255) }),
  state: defineState({ tiles: table(TILES, { height: i32 }) }),
  setup({ tiles }) {
    for (let at = 0; at < TILES; at += 1) tiles.height[at] = Math.imul(at, 0x9e3779b1) | 0;
  },
  step({ tiles }, inputs, { frame, slots }) {
    for (let slot = 0; slot < 4; slot += 1) {
      if (slots[slot] !== 'active') continue;
      const at = (Math.imul(frame * 4 + slot, 0x85ebca6b) >>> 0) % TILES;
      tiles.height[at] = ((tiles.height[at] as number) + (inputs[slot]?.v ?? 0) + 1) | 0;
    }
  },
});

type TilesInput = ReturnType<typeof game.input.create>;

/** What a page tells about its match. */
export interface JoinReport {
  readonly phase: string;
  readonly frameFinal: number;
  readonly localSlots: readonly number[];
  readonly stalls: number;
  readonly stallMsMax: number;
  readonly desyncs: number;
  readonly progress: readonly JoiningProgress[];
  /** From the call of `nextMatch` to its match, in ms. */
  readonly joinedAfterMs: number;
}

class JoinLab {
  #lobby: Lobby | undefined;
  #room: Room | undefined;
  #match: Match<unknown, TilesInput> | undefined;
  #desyncs = 0;
  #joinedAfterMs = 0;
  readonly #progress: JoiningProgress[] = [];

  async create(url: string): Promise<string> {
    this.#lobby = await connectLobby(url, { app: 'tiles', name: 'Ada' });
    this.#room = await this.#lobby.create({ playersMax: 4 });
    return this.#room.code;
  }

  async join(url: string, code: string): Promise<void> {
    this.#lobby = await connectLobby(url, { app: 'tiles', name: 'Guest' });
    this.#room = await this.#lobby.join(code);
    this.#room.on('match-joining', (progress) => this.#progress.push(progress));
  }

  async gathered(count: number): Promise<void> {
    while (this.room.members.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async play(isOwner: boolean): Promise<void> {
    const beganAtMs = performance.now();
    const options = { readInput: (slot: number, frame: number) => ({ v: (frame * 7 + slot) % 256 }) };
    const match = isOwner
      ? await this.room.startMatch(game, options)
      : await this.room.nextMatch(game, options);
    this.#joinedAfterMs = performance.now() - beganAtMs;
    match.on('desync', () => {
      this.#desyncs += 1;
    });
    this.#match = match as unknown as Match<unknown, TilesInput>;
  }

  report(): JoinReport {
    const { session, localSlots } = this.match;
    const { stalls, stallMsMax } = session.stats();
    return {
      phase: session.phase,
      frameFinal: session.frameFinal,
      localSlots,
      stalls,
      stallMsMax,
      desyncs: this.#desyncs,
      progress: this.#progress,
      joinedAfterMs: this.#joinedAfterMs,
    };
  }

  /** Hashes of `count` frames up to `last`. */
  hashes(last: number, count: number): readonly (number | undefined)[] {
    return Array.from({ length: count }, (_, back) => this.match.session.stateHash(last - back));
  }

  get room(): Room {
    if (this.#room === undefined) throw new Error('There is no room yet.');
    return this.#room;
  }

  get match(): Match<unknown, TilesInput> {
    if (this.#match === undefined) throw new Error('There is no match yet.');
    return this.#match;
  }
}

declare global {
  var joinLab: JoinLab;
}

globalThis.joinLab = new JoinLab();
