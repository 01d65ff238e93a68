/** The faults of a random scenario: each kind is absent from most seeds, because one can hide another. */
import type { Random } from '../base/prng.js';
import type { Fault } from './faults.js';
import type { BlockForm } from './link.js';
import { pick, uniform } from './random-streams.js';

/** Faults leave the first part of a run alone, so that the handshake is over, in ms. */
const FAULTS_FROM_MS = 1500;
/** The last loss comes so long before the heal, in ms, that the agreement on it is over when recovery is checked. */
const LOSSES_SETTLED_MS = 1000;
/** Share of seeds without any of the faults below, and of those with few of them. */
const CALM_SHARE = 0.1;
const FEW_SHARE = 0.4;

/** What was drawn. */
export interface DrawnFaults {
  readonly faults: readonly Fault[];
  readonly lostAfterMs: number;
  /** Somebody crashes or leaves. */
  readonly isLosing: boolean;
}

/** Draws times, peers and shares for one run. */
class FaultDraw {
  readonly faults: Fault[] = [];
  readonly random: Random;
  readonly peers: number;
  readonly #longestMs: number;
  readonly #latestMs: number;
  readonly #scale: number;

  constructor(
    random: Random,
    limits: {
      readonly peers: number;
      readonly longestMs: number;
      readonly latestMs: number;
      readonly scale: number;
    },
  ) {
    this.random = random;
    this.peers = limits.peers;
    this.#longestMs = limits.longestMs;
    this.#latestMs = limits.latestMs;
    this.#scale = limits.scale;
  }

  get atMs(): number {
    return Math.round(uniform(this.random, FAULTS_FROM_MS, this.#latestMs));
  }

  get forMs(): number {
    return Math.round(uniform(this.random, 50, this.#longestMs));
  }

  get peer(): number {
    return this.random.below(this.peers);
  }

  /** Where, how long: one peer's way out, its way in, or everywhere. */
  get links(): { readonly forMs: number; readonly from?: number; readonly to?: number } {
    const { forMs, peer } = this;
    const where = this.random.below(3);
    return where === 0 ? { forMs } : where === 1 ? { forMs, from: peer } : { forMs, to: peer };
  }

  /** One or two faults of a kind, in the share `share` of the seeds. */
  add(share: number, draw: () => Fault): void {
    if (!this.random.chance(share * this.#scale)) return;
    const count = 1 + this.random.below(2);
    for (let index = 0; index < count; index += 1) this.faults.push(draw());
  }
}

/** Draws the faults of one run that lasts `endMs` before the heal. */
export function drawFaults(
  random: Random,
  run: { readonly peers: number; readonly endMs: number; readonly mayLose: boolean },
): DrawnFaults {
  const { peers, endMs, mayLose } = run;
  const isLosing = random.chance(0.4) && mayLose;
  const lostAfterMs = isLosing ? 500 + random.below(1000) : 3000;
  // Mostly short enough that nobody who lives is taken for lost.
  const longestMs = lostAfterMs * (isLosing && random.chance(0.3) ? 2.5 : 0.5);
  const latestMs = Math.max(endMs, FAULTS_FROM_MS + 1);
  const scale = random.chance(CALM_SHARE) ? 0 : random.chance(FEW_SHARE) ? 0.4 : 1;
  const draw = new FaultDraw(random, { peers, longestMs, latestMs, scale });
  addPeerFaults(draw);
  addLinkFaults(draw);
  if (peers > 2 && random.chance(0.15)) draw.faults.push(drawBrokenLink(random, peers, endMs));
  if (isLosing) draw.faults.push(...drawLosses(random, peers, latestMs));
  return { faults: draw.faults, lostAfterMs, isLosing };
}

function addPeerFaults(draw: FaultDraw): void {
  const { random } = draw;
  draw.add(0.5, () => ({ kind: 'freeze', atMs: draw.atMs, peer: draw.peer, forMs: draw.forMs }));
  draw.add(0.25, () => ({ kind: 'sleep', atMs: draw.atMs, peer: draw.peer, forMs: draw.forMs }));
  draw.add(0.3, () => ({
    kind: 'gc',
    atMs: draw.atMs,
    peer: draw.peer,
    pauseMs: Math.round(uniform(random, 30, 300)),
    everyMs: Math.round(uniform(random, 100, 1000)),
    forMs: 10 * draw.forMs,
  }));
  draw.add(0.4, () => ({
    kind: 'slow',
    atMs: draw.atMs,
    peer: draw.peer,
    factor: uniform(random, 1.2, 4),
    forMs: draw.forMs,
  }));
  draw.add(0.35, () => ({
    kind: 'cpu',
    atMs: draw.atMs,
    peer: draw.peer,
    stepMs: uniform(random, 2, 40),
    forMs: draw.forMs,
  }));
  draw.add(0.3, () => ({ kind: 'hidden', atMs: draw.atMs, peer: draw.peer, forMs: 5 * draw.forMs }));
  draw.add(0.4, () => ({
    kind: 'drift',
    atMs: draw.atMs,
    peer: draw.peer,
    ppm: Math.round(uniform(random, -5000, 5000)),
  }));
  draw.add(0.3, () => ({
    kind: 'jump',
    atMs: draw.atMs,
    peer: draw.peer,
    byMs: random.chance(0.5) ? draw.forMs : -Math.round(uniform(random, 1, 300)),
  }));
}

function addLinkFaults(draw: FaultDraw): void {
  const { random, peers } = draw;
  draw.add(0.4, () => {
    const { links, atMs } = draw;
    const forMs = Math.min(links.forMs, 800);
    return { ...links, kind: 'loss', atMs, loss: pick(random, [0.5, 1]), forMs };
  });
  draw.add(0.35, () => {
    const bitsPerSecond = pick(random, [32_000, 48_000, 64_000, 128_000]);
    const queueBytes = Math.round((bitsPerSecond / 8) * uniform(random, 0.1, 0.3));
    return { ...draw.links, kind: 'bandwidth', atMs: draw.atMs, bitsPerSecond, queueBytes };
  });
  draw.add(0.3, () => ({
    ...draw.links,
    kind: 'mtu',
    atMs: draw.atMs,
    mtuBytes: pick(random, [80, 120, 576, 1200]),
  }));
  draw.add(0.85, () => drawPartition(draw));
  draw.add(0.3, () => {
    const all = Array.from({ length: peers }, (_, peer) => peer);
    const chosen = all.filter(() => random.chance(0.6));
    const form = pickForm(random);
    return {
      kind: 'swizzle',
      atMs: draw.atMs,
      peers: chosen.length < 2 ? all.slice(0, 2) : chosen,
      forMs: draw.forMs,
      form,
    };
  });
}

function pickForm(random: Random): BlockForm {
  return pick(random, ['stopped', 'stopped', 'jammed', 'slowed'] as const);
}

function drawPartition(draw: FaultDraw): Fault {
  const { random, peers, atMs, forMs } = draw;
  const sides: [number[], number[]] = [[], []];
  for (let peer = 0; peer < peers; peer += 1) sides[random.below(2)]?.push(peer);
  const isSplit = sides[0].length > 0 && sides[1].length > 0;
  const groups = isSplit && random.chance(0.6) ? sides : drawPair(random, peers);
  return { kind: 'partition', atMs, forMs, groups, oneWay: random.chance(0.4), form: pickForm(random) };
}

function drawPair(random: Random, peers: number): number[][] {
  const first = random.below(peers);
  return [[first], [(first + 1 + random.below(peers - 1)) % peers]];
}

/** One link of a larger mesh does not work for most of the run: the others have to pass things on. */
function drawBrokenLink(random: Random, peers: number, endMs: number): Fault {
  const groups = drawPair(random, peers);
  const isOneWay = random.chance(0.3);
  return { kind: 'partition', atMs: FAULTS_FROM_MS, forMs: Math.max(endMs, 1), groups, oneWay: isOneWay };
}

/** One to three peers crash or leave, some at nearly the same time: the next loss may fall into the agreement on the one before. */
function drawLosses(random: Random, peers: number, latestMs: number): Fault[] {
  const count = Math.min(peers - 1, 1 + (peers > 3 ? random.below(3) : 0));
  const beginMs = uniform(random, FAULTS_FROM_MS, Math.max(FAULTS_FROM_MS + 1, latestMs - LOSSES_SETTLED_MS));
  const first = random.below(peers);
  return Array.from({ length: count }, (_, index) => ({
    kind: random.chance(0.7) ? ('crash' as const) : ('leave' as const),
    atMs: Math.round(beginMs + (index === 0 ? 0 : uniform(random, 0, LOSSES_SETTLED_MS))),
    peer: (first + index) % peers,
  }));
}
