/**
 * A session as simple as one can be: no handshake, no time sync, JSON packets, a rollback that starts over from a kept
 * copy. It shares nothing with the real one but its face. The simulator's checkers are tested with it: it is correct,
 * and each {@link ModelBug} breaks exactly one promise.
 */
import { Emitter } from '../../sdk/src/base/emitter.js';
import { WordRandom } from '../../sdk/src/base/prng.js';
import { hashBytes } from '../../sdk/src/base/state-hash.js';
import { decodeUtf8, encodeUtf8 } from '../../sdk/src/base/utf8.js';
import type { Session, SessionEvents, SessionOptions } from '../../sdk/src/session/session-types.js';
import type { StateStore } from '../../sdk/src/state/definitions.js';

/** What a model session may do wrong. */
export type ModelBug =
  | 'confirms-guesses'
  | 'keeps-guesses'
  | 'takes-damaged-packets'
  | 'changes-confirmed-input'
  | 'lowers-confirmed'
  | 'steps-confirmed-again'
  | 'ignores-window'
  | 'steps-too-much'
  | 'miscounts-steps'
  | 'sends-giants'
  | 'sends-from-receive'
  | 'reads-twice'
  | 'reads-other-slots'
  | 'alters-own-input'
  | 'stops'
  | 'throws'
  | 'forgets-hashes'
  | 'cries-desync'
  | 'hash-of-guess';

interface Packet {
  /** Newest frame held of the receiver's slots. */
  readonly ack: number;
  readonly from: number;
  /** Encoded inputs, frame by frame, of the sender's slots in order. */
  readonly cells: readonly (readonly number[])[][];
}

/** Frames of inputs in one packet: about 10 bytes each. */
const PACKET_FRAMES = 30;
const STEPS_MAX = 12;
const HISTORY = 128;

/** Makes a factory of model sessions; `bug` says what the peer `culprit` (default: all) does wrong after frame 100. */
export function modelSessions(
  bug?: ModelBug,
  culprit?: string,
): <S, I>(options: SessionOptions<S, I>) => Session<S, I> {
  return (options) =>
    new ModelSession(options, culprit === undefined || culprit === options.self ? bug : undefined);
}

class ModelSession<S, I> implements Session<S, I> {
  phase: Session['phase'] = 'handshake';
  frameConfirmed = 0;
  stepsPerAdvanceMax = STEPS_MAX;
  inputDelayFrames: Session['inputDelayFrames'] = 2;
  readonly viewId = 0;
  readonly signInputs = false;
  readonly frameFraction = 0;
  readonly slots: Session['slots'];
  readonly #options: SessionOptions<S, I>;
  readonly #bug: ModelBug | undefined;
  readonly #store: StateStore<S>;
  readonly #events = new Emitter<SessionEvents>();
  /** slot -> frame -> encoded input. */
  readonly #logs: Uint8Array[][];
  /** What each frame was last stepped with. */
  readonly #used: Uint8Array[][] = [];
  readonly #hashes: number[] = [];
  readonly #heard = new Map<string, { acked: number }>();
  readonly #queue: SessionEvents[keyof SessionEvents][] = [];
  #frame = 0;
  #startMs = 0;
  #wrongFrom = Number.POSITIVE_INFINITY;
  #received = 0;

  constructor(options: SessionOptions<S, I>, bug: ModelBug | undefined) {
    this.#options = options;
    this.#bug = bug;
    const { game, players = [], seed = 0 } = options;
    this.#store = game.state.createStore(HISTORY);
    this.#store.randomWords[this.#store.randomIndex] = seed | 0;
    const neutral = new Uint8Array(game.input.byteLength);
    this.#logs = players.map(({ peer }) =>
      Array.from({ length: peer === options.self ? 1 + this.#delay : 1 }, () => neutral),
    );
    this.slots = Array.from({ length: game.playersMax }, (_, slot) =>
      slot < players.length ? 'active' : 'vacant',
    );
    const random = new WordRandom(this.#store.randomWords, this.#store.randomIndex);
    game.setup(this.#store.state, { playerCount: players.length, options: options.options ?? {}, random });
    this.#store.save(0);
  }

  get #delay(): number {
    return typeof this.#options.inputDelayFrames === 'number' ? this.#options.inputDelayFrames : 2;
  }
  get #window(): number {
    return this.#options.predictionFramesMax ?? 8;
  }
  get frameCurrent(): number {
    return this.#frame;
  }
  get frameFinal(): number {
    return this.frameConfirmed;
  }
  get state(): S {
    return this.#store.state;
  }
  get peers(): readonly string[] {
    return this.#options.peers;
  }

  #has(bug: ModelBug): boolean {
    return this.#bug === bug && this.#frame >= 100;
  }

  on<K extends keyof SessionEvents>(type: K, listener: (event: SessionEvents[K]) => void): () => void {
    return this.#events.on(type, listener);
  }

  linkChanged(): void {}

  receive(peer: string, _channel: string, bytes: Uint8Array): void {
    if (this.#has('sends-from-receive')) this.#options.send(peer, 'unreliable', new Uint8Array(1));
    const packet = this.#decode(bytes);
    if (packet === undefined) return;
    this.#received += 1;
    if (this.#has('throws') && this.#received > 200) throw new RangeError('planted');
    const known = this.#heard.get(peer) ?? { acked: 0 };
    this.#heard.set(peer, { acked: Math.max(known.acked, packet.ack) });
    const slots = this.#slotsOf(peer);
    for (const [index, cells] of packet.cells.entries()) this.#take(slots, packet.from + index, cells);
  }

  #take(slots: readonly number[], frame: number, cells: readonly (readonly number[])[]): void {
    for (const [place, slot] of slots.entries()) {
      const log = this.#logs[slot] as Uint8Array[];
      const cell = Uint8Array.from(cells[place] ?? []);
      if (this.#has('changes-confirmed-input') && frame === log.length && frame % 50 === 0) cell.fill(0);
      if (frame !== log.length || !this.#options.game.input.isValid(cell, 0)) continue;
      log.push(cell);
      const used = this.#used[frame]?.[slot];
      if (used?.some((byte, index) => byte !== cell[index]))
        this.#wrongFrom = Math.min(this.#wrongFrom, frame);
    }
  }

  /** A checksum in front of JSON. */
  #decode(bytes: Uint8Array): Packet | undefined {
    const body = bytes.subarray(4);
    const sum = [0, 8, 16, 24].map((shift) => (hashBytes(body) >>> shift) & 255);
    const isWhole = sum.every((byte, index) => byte === bytes[index]);
    const text = decodeUtf8(body);
    if (text === undefined || !(isWhole || this.#bug === 'takes-damaged-packets')) return undefined;
    try {
      return JSON.parse(text) as Packet;
    } catch {
      return undefined;
    }
  }

  #slotsOf(peer: string): number[] {
    return (this.#options.players ?? []).flatMap((player, slot) => (player.peer === peer ? [slot] : []));
  }

  get #receivedByAll(): number {
    return Math.min(...this.#logs.map((log) => log.length - 1));
  }

  advance(nowMs: number): ReturnType<Session['advance']> {
    const report = { framesStepped: 0, framesResimulated: 0, stalled: false };
    if (this.phase === 'ended') return report;
    this.#begin(nowMs);
    if (this.phase === 'running' && !this.#has('stops')) this.#play(nowMs, report);
    for (const peer of this.peers) if (peer !== this.#options.self) this.#sendTo(peer);
    for (const event of this.#queue.splice(0)) this.#events.emit(event.type, event as never);
    if (this.#has('miscounts-steps')) report.framesStepped += 1;
    return report;
  }

  #begin(nowMs: number): void {
    if (this.phase !== 'handshake' || this.#heard.size < this.peers.length - 1) return;
    this.phase = 'running';
    this.#startMs = nowMs;
    this.#queue.push({ type: 'started', atMs: nowMs });
  }

  #play(nowMs: number, report: { framesStepped: number; framesResimulated: number; stalled: boolean }): void {
    this.#rollBack();
    const due = Math.floor(((nowMs - this.#startMs) * this.#options.game.framesPerSecond) / 1000);
    const stepsMax = this.#has('steps-too-much') ? 1000 : STEPS_MAX;
    const window = this.#has('ignores-window') ? 40 : this.#window;
    while (report.framesStepped + report.framesResimulated < stepsMax && this.#frame < due) {
      const frame = this.#frame + 1;
      this.#read(frame + this.#delay);
      if (frame - this.#receivedByAll > window) {
        report.stalled = true;
        break;
      }
      if (this.#used[frame] === undefined) report.framesStepped += 1;
      else report.framesResimulated += 1;
      this.#step(frame);
    }
    if (report.stalled) this.#queue.push({ type: 'stalled', frame: this.#frame + 1, waitingFor: [] });
    this.#confirm();
  }

  #rollBack(): void {
    const wrong = this.#has('keeps-guesses') ? Number.POSITIVE_INFINITY : this.#wrongFrom;
    const first = this.#has('steps-confirmed-again') ? Math.min(wrong, this.frameConfirmed - 2) : wrong;
    this.#wrongFrom = Number.POSITIVE_INFINITY;
    if (first > this.#frame) return;
    this.#store.load((first - 1) % HISTORY);
    this.#frame = first - 1;
  }

  #confirm(): void {
    const held = this.#has('confirms-guesses') ? this.#frame : Math.min(this.#frame, this.#receivedByAll);
    const isStale = this.#has('hash-of-guess');
    for (let frame = this.frameConfirmed + 1; frame <= held; frame += 1) {
      const hash = this.#store.hashSlot((isStale ? this.#frame : frame) % HISTORY) >>> 0;
      this.#hashes[frame] = hash;
      this.frameConfirmed = frame;
    }
    if (this.#has('lowers-confirmed')) this.frameConfirmed -= 3;
    if (this.#has('cries-desync') && this.frameConfirmed % 50 === 0) {
      const facts = { frame: this.frameConfirmed, localHash: 1, remoteHash: 2 };
      this.#queue.push({ type: 'desync', peer: this.peers[0] as string, ...facts });
    }
  }

  #step(frame: number): void {
    const { game, options = {} } = this.#options;
    const cells = this.#logs.map((log) => log[Math.min(frame, log.length - 1)] as Uint8Array);
    const inputs = Array.from({ length: game.playersMax }, () => game.input.create());
    for (const [slot, cell] of cells.entries()) game.input.decodeInto(cell, 0, inputs[slot] as I);
    this.#used[frame] = cells;
    const random = new WordRandom(this.#store.randomWords, this.#store.randomIndex);
    game.step(this.#store.state, inputs, { frame, random, slots: this.slots, options, emit: () => {} });
    this.#frame = frame;
    this.#store.save(frame % HISTORY);
  }

  #read(lastFrame: number): void {
    const { game, self, readInput } = this.#options;
    for (const slot of this.#slotsOf(self)) {
      const log = this.#logs[slot] as Uint8Array[];
      while (log.length <= lastFrame) {
        const cell = new Uint8Array(game.input.byteLength);
        if (this.#has('reads-twice')) readInput(slot, log.length);
        if (this.#has('reads-other-slots')) readInput(slot === 0 ? 1 : 0, log.length + 1000);
        game.input.encodeInto(readInput(slot, log.length), cell, 0);
        // Everybody agrees on the altered input, but it is not what the player did.
        if (this.#has('alters-own-input') && log.length % 40 === 0) cell.fill(0);
        log.push(cell);
      }
    }
  }

  #sendTo(peer: string): void {
    const own = this.#slotsOf(this.#options.self).map((slot) => this.#logs[slot] as Uint8Array[]);
    const from = (this.#heard.get(peer)?.acked ?? 0) + 1;
    const last = Math.min(from + PACKET_FRAMES, own[0]?.length ?? 0);
    const cells = Array.from({ length: Math.max(0, last - from) }, (_, index) =>
      own.map((log) => [...(log[from + index] as Uint8Array)]),
    );
    const theirs = this.#slotsOf(peer).map((slot) => (this.#logs[slot] as Uint8Array[]).length - 1);
    const body = encodeUtf8(JSON.stringify({ ack: Math.min(...theirs, 1e9), from, cells }));
    const bytes = new Uint8Array((this.#has('sends-giants') ? 1100 : 0) + body.length + 4);
    for (let index = 0; index < 4; index += 1) bytes[index] = (hashBytes(body) >>> (8 * index)) & 255;
    bytes.set(body, 4);
    this.#options.send(peer, 'unreliable', bytes);
  }

  stateHash(frame: number): number | undefined {
    if (frame > this.frameConfirmed || (this.#has('forgets-hashes') && frame % 20 === 0)) return undefined;
    return this.#hashes[frame];
  }

  /** Nobody signs anything in the model. */
  inputSpan(): undefined {}

  inputsAt(frame: number): readonly I[] | undefined {
    const { game } = this.#options;
    const used = this.#used[frame];
    if (used === undefined || frame > this.frameConfirmed) return undefined;
    return Array.from({ length: game.playersMax }, (_, slot) => {
      const value = game.input.create();
      if (used[slot] !== undefined) game.input.decodeInto(used[slot], 0, value);
      return value;
    });
  }

  stats(): ReturnType<Session['stats']> {
    throw new Error('the model keeps no statistics');
  }

  admitJoin(): void {
    throw new Error('nobody joins the model');
  }

  refuseJoin(): void {
    throw new Error('nobody joins the model');
  }

  pause(): void {
    throw new Error('the model never pauses');
  }

  resume(): void {
    throw new Error('the model never pauses');
  }

  leave(): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    this.#events.emit('ended', { type: 'ended', reason: 'left', frame: this.frameConfirmed });
  }
}
