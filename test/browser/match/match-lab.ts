/** The page of the match tests: the public API, a tiny game, and what a test asks about it. */
import {
  button,
  type ChannelFacts,
  connectLobby,
  defineGame,
  defineInput,
  defineState,
  f64,
  i32,
  int,
  type Lobby,
  type Match,
  type MatchStats,
  type Room,
  startLocalMatch,
  table,
} from 'rollmesh';

/** Discs that push each other: states differ at once if anybody's inputs do. */
const game = defineGame({
  id: 'push',
  version: '1',
  playersMax: 4,
  input: defineInput({ x: int(-1, 1), y: int(-1, 1), dash: button }),
  state: defineState({ frame: i32, discs: table(4, { x: f64, y: f64, vx: f64, vy: f64 }) }),
  setup({ discs }) {
    for (let slot = 0; slot < 4; slot += 1) discs.x[slot] = slot * 20;
  },
  step(state, inputs, { frame, emit }) {
    state.frame = frame;
    const { x, y, vx, vy } = state.discs;
    for (const [slot, input] of inputs.entries()) {
      const pull = input.dash ? 2 : 0.5;
      vx[slot] = (vx[slot] ?? 0) * 0.95 + input.x * pull;
      vy[slot] = (vy[slot] ?? 0) * 0.95 + input.y * pull;
      x[slot] = (x[slot] ?? 0) + (vx[slot] ?? 0);
      y[slot] = (y[slot] ?? 0) + (vy[slot] ?? 0);
      if (input.dash && frame % 20 === 0) emit('dash', { slot, frame });
    }
  },
});

type PushInput = ReturnType<typeof game.input.create>;
type PushMatch = Match<ReturnType<typeof game.state.createStore>['state'], PushInput>;

/** What a page tells about its match. */
export interface MatchReport {
  readonly phase: string;
  readonly frameCurrent: number;
  readonly frameConfirmed: number;
  /** First frame of `hashes`. */
  readonly firstFrame: number;
  readonly hashes: readonly number[];
  readonly desyncs: number;
  readonly effects: number;
  readonly framesPerSecond: number;
  /** Longest time between two new frames, in ms. */
  readonly longestGapMs: number;
  readonly stats: MatchStats;
  readonly visibility: string;
}

/** Inputs that change every few frames, each slot at its own pace: a guess is often wrong. */
function lively(slot: number, frame: number): PushInput {
  const beat = Math.floor(frame / (7 + slot));
  return { x: (beat % 3) - 1, y: ((beat * 5 + slot) % 3) - 1, dash: beat % 4 === 0 };
}

class MatchLab {
  #lobby: Lobby | undefined;
  #room: Room | undefined;
  #match: PushMatch | undefined;
  #desyncs = 0;
  #effects = 0;
  #longestGapMs = 0;
  #steppedAtMs = 0;
  #since = { frame: 0, atMs: 0 };

  async create(url: string): Promise<string> {
    this.#lobby = await connectLobby(url, { app: 'push', name: 'Ada' });
    this.#room = await this.#lobby.create({ playersMax: 4 });
    return this.#room.code;
  }

  async join(url: string, code: string): Promise<void> {
    this.#lobby = await connectLobby(url, { app: 'push', name: 'Bob' });
    this.#room = await this.#lobby.join(code);
  }

  /** Waits until the room has this many members. */
  async gathered(count: number): Promise<void> {
    while (this.room.members.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async start(): Promise<void> {
    this.#follow(await this.room.startMatch(game, { readInput: lively }));
  }

  async next(): Promise<void> {
    this.#follow(await this.room.nextMatch(game, { readInput: lively }));
  }

  /** Plays alone, without any server. */
  practise(): void {
    this.#follow(startLocalMatch(game, { playerCount: 2, readInput: lively }));
  }

  /** Begins to measure pace and gaps anew. */
  mark(): void {
    this.#longestGapMs = 0;
    this.#steppedAtMs = performance.now();
    this.#since = { frame: this.match.frameCurrent, atMs: performance.now() };
  }

  report(): MatchReport {
    const { session, frameCurrent, frameConfirmed } = this.match;
    const lastFrame = session.frameFinal;
    const firstFrame = Math.max(1, frameConfirmed - 550);
    const hashes: number[] = [];
    for (let frame = firstFrame; frame <= lastFrame; frame += 1) hashes.push(session.stateHash(frame) ?? -1);
    const seconds = (performance.now() - this.#since.atMs) / 1000;
    return {
      phase: session.phase,
      frameCurrent,
      frameConfirmed,
      firstFrame,
      hashes,
      desyncs: this.#desyncs,
      effects: this.#effects,
      framesPerSecond: (frameCurrent - this.#since.frame) / seconds,
      longestGapMs: this.#longestGapMs,
      stats: this.match.stats(),
      visibility: document.visibilityState,
    };
  }

  async channelFacts(): Promise<readonly (ChannelFacts | undefined)[]> {
    const others = this.room.members.filter(({ peer }) => peer !== this.room.self);
    return Promise.all(others.map(({ peer }) => this.room.channelFacts(peer)));
  }

  async leaveMatch(): Promise<void> {
    await this.match.leave();
  }

  /** Waits for an event of the match and returns it. */
  event(type: 'peer-left' | 'ended'): Promise<unknown> {
    return new Promise((resolve) => this.match.on(type, resolve));
  }

  get room(): Room {
    if (this.#room === undefined) throw new Error('There is no room yet.');
    return this.#room;
  }

  get match(): PushMatch {
    if (this.#match === undefined) throw new Error('There is no match yet.');
    return this.#match;
  }

  #follow(match: PushMatch): void {
    this.#match = match;
    match.on('desync', () => {
      this.#desyncs += 1;
    });
    match.on('effect', () => {
      this.#effects += 1;
    });
    match.on('frame', () => {
      const nowMs = performance.now();
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#steppedAtMs);
      this.#steppedAtMs = nowMs;
    });
    this.mark();
  }
}

declare global {
  var lab: MatchLab;
}

globalThis.lab = new MatchLab();
