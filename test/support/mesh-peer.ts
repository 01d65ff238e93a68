/** One peer of a virtual mesh: its session and everything that it did, said and confirmed. */
import type { Session, SessionEvents } from 'rollmesh/session';

/** One event and when it was delivered, on the mesh's clock. */
export interface HeardEvent {
  readonly atMs: number;
  readonly event: SessionEvents[keyof SessionEvents];
}

/** What the unreliable channel of a peer carried. */
export interface SentCounts {
  packets: number;
  bytes: number;
  largest: number;
}

const EVENT_TYPES: readonly (keyof SessionEvents)[] = [
  'started',
  'peer-late',
  'peer-back',
  'peer-left',
  'peer-substituted',
  'peer-returned',
  'rewound',
  'join-requested',
  'peer-joined',
  'join-refused',
  'join-progress',
  'match-paused',
  'match-resumed',
  'desync',
  'equivocation',
  'stalled',
  'resumed',
  'incompatible',
  'effect',
  'effect-retracted',
  'no-quorum',
  'input-clamped',
  'determinism-warning',
  'ended',
];
/** A confirmed hash is asked for again when it is this many frames old: it must not have changed. */
const RECHECK_FRAMES = 400;

/** Stands for the hash of a frame before a newcomer's first. */
export const UNKNOWN_HASH = -2;

/** One peer of the mesh and everything it did. */
export class MeshPeer<S, I> {
  readonly index: number;
  readonly id: string;
  readonly events: HeardEvent[] = [];
  /** What `readInput` returned: slot -> frame -> value. */
  readonly reads: Map<number, I[]> = new Map();
  /** Frames that a lowered delay had it read twice: slot -> frames. */
  readonly readAgain: Map<number, number[]> = new Map();
  /** Hash of each confirmed frame, as it was first told. Index 0 is unused. */
  readonly hashes: number[] = [0];
  readonly sent: SentCounts = { packets: 0, bytes: 0, largest: 0 };
  advances = 0;
  /** When it advanced last, on the mesh's clock, ms. */
  advancedAtMs = 0;
  framesStepped = 0;
  framesResimulated = 0;
  /** Most frames that frameCurrent ever led frameConfirmed. */
  depthMax = 0;
  /** Set by tests to move the peer's clock against true time, ms. */
  shiftMs = 0;
  asleepUntilMs = -1;
  #session: Session<S, I> | undefined;
  #frameFinal = 0;
  #rewinds = 0;
  #joins = false;
  /** Frame of the state that it joined with. */
  #joinedAt = 0;
  /** Last frame before it went on alone, as the last voter that lost the other one: a declared fork. */
  #forkedAt = Number.POSITIVE_INFINITY;
  #lossesSeen = 0;

  constructor(index: number) {
    this.index = index;
    this.id = peerId(index);
  }

  /** The session. Only once the peer was created. */
  get session(): Session<S, I> {
    if (this.#session === undefined) throw new Error(`peer ${this.id} has not been created yet`);
    return this.#session;
  }

  get exists(): boolean {
    return this.#session !== undefined;
  }

  /** Takes the session and listens to all its events. */
  adopt(session: Session<S, I>, nowMs: () => number): void {
    this.#session = session;
    for (const type of EVENT_TYPES) session.on(type, (event) => this.events.push({ atMs: nowMs(), event }));
  }

  /** The events of one type, in order. */
  heard<K extends keyof SessionEvents>(type: K): SessionEvents[K][] {
    return this.events
      .filter(({ event }) => event.type === type)
      .map(({ event }) => event as SessionEvents[K]);
  }

  /** When the first event of a type came, ms on the mesh's clock; `undefined` if none did. */
  heardAtMs(type: keyof SessionEvents): number | undefined {
    return this.events.find(({ event }) => event.type === type)?.atMs;
  }

  /** Checks what must hold after every call, and keeps the hashes of newly confirmed frames. Returns what does not hold. */
  observe(windowFrames: number): string[] {
    const { frameCurrent, frameConfirmed, frameFinal } = this.session;
    const wrong: string[] = [];
    if (this.session.phase === 'ended') return [];
    if (this.session.phase === 'joining') {
      // What it confirmed beyond the final frame, or in a fork even what was final there, was a branch that it gives up.
      const kept = Math.min(this.#frameFinal, this.#forkedAt);
      if (!this.#joins) this.hashes.length = Math.min(this.hashes.length, kept + 1);
      this.#joins = true;
      this.#forkedAt = Number.POSITIVE_INFINITY;
      this.#rewinds = this.heard('rewound').length;
      return [];
    }
    if (this.#joins) {
      // It begins, or begins again, with a state of the others.
      this.#joins = false;
      this.#joinedAt = frameConfirmed;
      while (this.hashes.length < frameConfirmed) this.hashes.push(UNKNOWN_HASH);
      this.hashes.length = frameConfirmed;
      this.#frameFinal = Math.min(this.#frameFinal, frameFinal);
    }
    this.#noteFork();
    const depth = frameCurrent - frameConfirmed;
    this.depthMax = Math.max(this.depthMax, depth);
    if (depth < 0 || depth > windowFrames)
      wrong.push(`current ${frameCurrent} is ${depth} beyond confirmed ${frameConfirmed}`);
    const rewound = this.heard('rewound');
    for (const { toFrame } of rewound.slice(this.#rewinds)) {
      if (toFrame < this.#frameFinal) wrong.push(`rewound to ${toFrame}, final was ${this.#frameFinal}`);
      this.hashes.length = Math.min(this.hashes.length, toFrame + 1);
    }
    this.#rewinds = rewound.length;
    if (frameConfirmed < this.hashes.length - 1)
      wrong.push(`confirmed falls from ${this.hashes.length - 1} to ${frameConfirmed}`);
    if (frameFinal < this.#frameFinal || frameFinal > frameConfirmed)
      wrong.push(`final goes from ${this.#frameFinal} to ${frameFinal}, confirmed is ${frameConfirmed}`);
    this.#frameFinal = frameFinal;
    for (let frame = this.hashes.length; frame <= frameConfirmed; frame += 1) {
      const hash = this.session.stateHash(frame);
      if (hash === undefined) wrong.push(`confirmed frame ${frame} has no hash`);
      this.hashes.push(hash ?? -1);
      const old = frame - RECHECK_FRAMES;
      if (old > this.#joinedAt && this.session.stateHash(old) !== this.hashes[old])
        wrong.push(`the hash of frame ${old} has changed`);
    }
    return wrong.map((problem) => `peer ${this.id}: ${problem}`);
  }

  /** Whoever decides alone is the only one left with a slot. Where several leave at once, each cut is a fork. */
  #noteFork(): void {
    const losses = this.heard('peer-left');
    const news = losses.slice(this.#lossesSeen).filter(({ reason }) => reason === 'lost');
    this.#lossesSeen = losses.length;
    if (news.length === 0 || this.reads.size === 0) return;
    // The slots of frames to come: a cut may lie before the newest one.
    const active = this.session.slots.filter((slot) => slot === 'active').length;
    if (active > this.reads.size) return;
    this.#forkedAt = Math.min(this.#forkedAt, ...news.map(({ cutFrame }) => cutFrame));
  }
}

/** Name of the peer at an index: 'a', 'b', ... */
export function peerId(index: number): string {
  return String.fromCharCode(97 + index);
}
