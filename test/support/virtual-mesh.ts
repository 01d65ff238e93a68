/**
 * A small deterministic mesh for tests of the session: any number of `createSession` peers, one virtual clock, links
 * with seeded delay, jitter, loss and duplication. Every advance checks what must hold at all times (bounds, order,
 * confirmed frames that never change); what was confirmed and read is kept, so that a test can compare all of it.
 */
import {
  type ChannelName,
  createSession,
  type Game,
  type Random,
  type SessionOptions,
} from 'rollmesh/session';
import { createRandom } from '../../sdk/src/base/prng.js';
import { Agenda } from './agenda.js';
import { MeshPeer, peerId, UNKNOWN_HASH } from './mesh-peer.js';

/** How a link treats unreliable messages. Reliable ones arrive once, all of them, in order. */
export interface LinkConditions {
  /** Mean one-way delay, ms. */
  readonly oneWayMs: number;
  /** The delay is spread evenly over oneWayMs - jitterMs to oneWayMs + jitterMs, so messages overtake each other. */
  readonly jitterMs: number;
  /** Probability (0 to 1) that a message is lost. */
  readonly loss: number;
  /** Probability (0 to 1) that a message arrives twice. */
  readonly duplication: number;
  /** One-way delay of reliable messages, ms. Default: `oneWayMs`. */
  readonly reliableOneWayMs?: number;
  /** What reliable and bulk messages may take of the link, bytes per second. Default: no limit. */
  readonly reliableBytesPerSecond?: number;
}

/** A message on its way, as a hook of the test sees it. */
export interface MeshPacket {
  readonly from: number;
  readonly to: number;
  readonly channel: ChannelName;
  readonly bytes: Uint8Array;
}

/** What a {@link VirtualMesh} is made of. */
export interface MeshOptions<S, I> {
  readonly seed: number;
  readonly peerCount: number;
  readonly game: Game<S, I> | ((peer: number) => Game<S, I>);
  /** Owner (peer index) of each slot. Default: one slot for each peer. */
  readonly owners?: readonly number[];
  /** Default: 50 ms one way, no jitter, no loss, no duplication. */
  readonly conditions?: Partial<LinkConditions>;
  /** What a player presses; `random` is a stream of the slot's own. */
  readonly readInput: (slot: number, frame: number, random: Random) => I;
  /** Options of a peer's session beyond the usual ones. */
  readonly session?: (peer: number) => Partial<SessionOptions<S, I>>;
  /** Calls of `advance` per second of true time. Default 60. */
  readonly advancesPerSecond?: (peer: number) => number;
  /** Speed of a peer's clock; 1 (default) is true time. */
  readonly clockRate?: (peer: number) => number;
  /** When a peer's session is created, ms. Default 0; messages to it before are lost. */
  readonly createdAtMs?: (peer: number) => number;
  /** True: delays are lowered in this test, and readings that share a frame are no violation. */
  readonly sharesFrames?: boolean;
  /** True: a message is handed over inside `send`, before it returns. */
  readonly loopBack?: boolean;
  /** What really travels instead of a message; an empty list loses it. Called before loss and delay. */
  readonly intercept?: (packet: MeshPacket, nowMs: number) => readonly Uint8Array[];
}

interface LinkState {
  /** When the last reliable message arrives. */
  reliableAtMs: number;
  isCut: boolean;
  conditions: LinkConditions;
  readonly random: Random;
  /** Reliable messages that wait for the link to come back. */
  waiting: Uint8Array[];
}

/** The mesh. */
export class VirtualMesh<S, I> {
  readonly peers: readonly MeshPeer<S, I>[];
  /** True time, ms. */
  nowMs = 0;
  /** What did not hold, in words. Must be empty at the end of a test. */
  readonly violations: string[] = [];
  /** What the network did, for tests that must have seen it. */
  readonly network = { lost: 0, duplicated: 0, overtaken: 0 };
  readonly owners: readonly number[];
  readonly #options: MeshOptions<S, I>;
  readonly #agenda = new Agenda();
  readonly #links = new Map<string, LinkState>();
  readonly #arrivedAfter = new Map<string, number>();
  readonly #inputRandoms: readonly Random[];

  constructor(options: MeshOptions<S, I>) {
    this.#options = options;
    this.owners = options.owners ?? Array.from({ length: options.peerCount }, (_, peer) => peer);
    this.#inputRandoms = this.owners.map((_, slot) => createRandom(options.seed * 1009 + slot * 7919 + 1));
    this.peers = Array.from({ length: options.peerCount }, (_, index) => new MeshPeer<S, I>(index));
    const phases = createRandom(options.seed ^ 0x5eed);
    for (const peer of this.peers) {
      const firstMs = (options.createdAtMs?.(peer.index) ?? 0) + phases.next() * 16;
      this.#agenda.add(firstMs, () => this.#create(peer));
    }
  }

  /** A peer's own clock: another origin, another speed. */
  clockOf(peer: MeshPeer<S, I>): number {
    const rate = this.#options.clockRate?.(peer.index) ?? 1;
    return 1000 + 777 * peer.index + this.nowMs * rate + peer.shiftMs;
  }

  #create(peer: MeshPeer<S, I>): void {
    const { game, session } = this.#options;
    peer.adopt(
      createSession<S, I>({
        game: typeof game === 'function' ? game(peer.index) : game,
        matchId: 'match',
        seed: 7,
        nowMs: this.clockOf(peer),
        self: peer.id,
        peers: this.peers.map(({ id }) => id),
        players: this.owners.map((owner) => ({ peer: peerId(owner) })),
        readInput: (slot, frame) => this.#read(peer, slot, frame),
        send: (to, channel, bytes) => this.sendFrom(peer.index, to, { channel, bytes }),
        ...session?.(peer.index),
      }),
      () => this.nowMs,
    );
    this.#tick(peer);
  }

  #read(peer: MeshPeer<S, I>, slot: number, frame: number): I {
    const joined = (): boolean =>
      peer.heard('peer-joined').some((event) => event.peer === peer.id && event.slots.includes(slot));
    if (this.owners[slot] !== peer.index && !joined())
      this.violations.push(`peer ${peer.id} is asked for slot ${slot}`);
    const value = this.#options.readInput(slot, frame, this.#inputRandoms[slot] as Random);
    const reads = peer.reads.get(slot) ?? [];
    if (reads[frame] !== undefined) {
      const again = peer.readAgain.get(slot) ?? [];
      if (this.#options.sharesFrames !== true || frame !== reads.length - 1 || again.at(-1) === frame)
        this.violations.push(`slot ${slot} is read twice for frame ${frame}`);
      peer.readAgain.set(slot, [...again, frame]);
    }
    reads[frame] = { ...value };
    peer.reads.set(slot, reads);
    return value;
  }

  #tick(peer: MeshPeer<S, I>): void {
    const everyMs = 1000 / (this.#options.advancesPerSecond?.(peer.index) ?? 60);
    this.#agenda.add(this.nowMs + everyMs, () => this.#tick(peer));
    if (this.nowMs >= peer.asleepUntilMs) this.advance(peer);
  }

  /** Advances a peer now and checks what must hold. */
  advance(peer: MeshPeer<S, I>): void {
    const result = peer.session.advance(this.clockOf(peer));
    peer.advances += 1;
    peer.advancedAtMs = this.nowMs;
    peer.framesStepped += result.framesStepped;
    peer.framesResimulated += result.framesResimulated;
    const window = this.#options.session?.(peer.index).predictionFramesMax ?? 8;
    this.violations.push(...peer.observe(window));
  }

  #link(from: number, to: number): LinkState {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const conditions = { oneWayMs: 50, jitterMs: 0, loss: 0, duplication: 0, ...this.#options.conditions };
      const random = createRandom(this.#options.seed * 31 + from * 101 + to * 17);
      link = { reliableAtMs: 0, isCut: false, conditions, random, waiting: [] };
      this.#links.set(key, link);
    }
    return link;
  }

  /** Changes one direction of a link. */
  condition(from: number, to: number, conditions: Partial<LinkConditions>): void {
    const link = this.#link(from, to);
    link.conditions = { ...link.conditions, ...conditions };
  }

  /** Cuts one direction of a link: unreliable messages are lost, reliable ones wait. */
  cut(from: number, to: number): void {
    this.#link(from, to).isCut = true;
  }

  /** Ends a {@link cut}. */
  heal(from: number, to: number): void {
    const link = this.#link(from, to);
    link.isCut = false;
    const { waiting } = link;
    link.waiting = [];
    for (const bytes of waiting) this.#sendReliable(from, to, bytes);
  }

  /** Sends a message as a session does: for tests that put something between a session and its links. */
  sendFrom(from: number, toId: string, message: Pick<MeshPacket, 'channel' | 'bytes'>): void {
    const peer = this.peers[from] as MeshPeer<S, I>;
    const to = toId.charCodeAt(0) - 97;
    const { channel, bytes } = message;
    if (channel === 'unreliable') {
      peer.sent.packets += 1;
      peer.sent.bytes += bytes.length;
      peer.sent.largest = Math.max(peer.sent.largest, bytes.length);
    }
    const packet: MeshPacket = { from: peer.index, to, channel, bytes: bytes.slice() };
    for (const real of this.#options.intercept?.(packet, this.nowMs) ?? [packet.bytes]) {
      if (this.#options.loopBack === true) this.deliver({ ...packet, bytes: real });
      else if (channel === 'unreliable') this.#sendUnreliable(peer.index, to, real);
      else this.#sendReliable(peer.index, to, real);
    }
  }

  #sendUnreliable(from: number, to: number, bytes: Uint8Array): void {
    const link = this.#link(from, to);
    const { oneWayMs, jitterMs, loss, duplication } = link.conditions;
    const { random } = link;
    // The same number of draws for every message: changing one condition does not shift the others.
    const [lost, doubled, first, second] = [random.next(), random.next(), random.next(), random.next()];
    if (link.isCut || lost < loss) {
      this.network.lost += 1;
      return;
    }
    const copies = doubled < duplication ? [first, second] : [first];
    this.network.duplicated += copies.length - 1;
    const sentMs = this.nowMs;
    for (const spread of copies) {
      this.#agenda.add(sentMs + Math.max(0, oneWayMs + (2 * spread - 1) * jitterMs), () => {
        const key = `${from}>${to}`;
        if (sentMs < (this.#arrivedAfter.get(key) ?? 0)) this.network.overtaken += 1;
        else this.#arrivedAfter.set(key, sentMs);
        this.deliver({ from, to, channel: 'unreliable', bytes });
      });
    }
  }

  #sendReliable(from: number, to: number, bytes: Uint8Array): void {
    const link = this.#link(from, to);
    if (link.isCut) {
      link.waiting.push(bytes);
      return;
    }
    const { oneWayMs, reliableOneWayMs = oneWayMs, reliableBytesPerSecond = Infinity } = link.conditions;
    link.reliableAtMs =
      Math.max(link.reliableAtMs, this.nowMs + reliableOneWayMs) +
      (1000 * bytes.length) / reliableBytesPerSecond;
    this.#agenda.add(link.reliableAtMs, () => this.deliver({ from, to, channel: 'reliable', bytes }));
  }

  /** Hands a message over now; to a sleeping peer when it wakes, to one that is not created yet never. */
  deliver(packet: MeshPacket): void {
    const to = this.peers[packet.to];
    // Nor to a name that somebody made up.
    if (to?.exists !== true) return;
    if (this.nowMs < to.asleepUntilMs) {
      this.#agenda.add(to.asleepUntilMs, () => this.deliver(packet));
      return;
    }
    to.session.receive(peerId(packet.from), packet.channel, packet.bytes, this.clockOf(to));
  }

  /** A machine stops for a while: no advance; what arrives waits. */
  sleep(peer: number, durationMs: number): void {
    (this.peers[peer] as MeshPeer<S, I>).asleepUntilMs = this.nowMs + durationMs;
  }

  /** Calls `run` at a time of the mesh's clock. */
  at(atMs: number, run: () => void): void {
    this.#agenda.add(atMs, run);
  }

  /** Lets `durationMs` pass. */
  run(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    while (this.#agenda.nextMs <= untilMs) {
      const next = this.#agenda.take();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  /** Lets time pass until `done`, at most `limitMs`; returns whether it came to that. */
  runUntil(done: () => boolean, limitMs: number): boolean {
    const untilMs = this.nowMs + limitMs;
    while (!done()) {
      if (this.nowMs >= untilMs) return false;
      this.run(5);
    }
    return true;
  }

  /** Lets time pass until every session left the handshake. */
  start(limitMs = 20_000): void {
    const begun = this.runUntil(
      () => this.peers.every((peer) => peer.exists && peer.session.phase !== 'handshake'),
      limitMs,
    );
    if (!begun) throw new Error(`not every peer left the handshake within ${limitMs} ms`);
  }

  /** Where each peer's match is at this moment, in frames: what it had at its last advance, and the time since. */
  positions(frameMs: number = 1000 / 60): number[] {
    return this.peers.map(
      ({ session, advancedAtMs }) =>
        session.frameCurrent + session.frameFraction + (this.nowMs - advancedAtMs) / frameMs,
    );
  }

  /** Frames on which two of `peers` differ, and how many frames were compared: every common confirmed frame. */
  compareHashes(peers: readonly MeshPeer<S, I>[] = this.peers): { compared: number; different: number[] } {
    const common = Math.min(...peers.map((peer) => peer.hashes.length - 1));
    const different: number[] = [];
    for (let frame = 1; frame <= common; frame += 1)
      if (new Set(peers.map((peer) => peer.hashes[frame]).filter((hash) => hash !== UNKNOWN_HASH)).size > 1)
        different.push(frame);
    return { compared: common, different };
  }
}
