/**
 * One trial of agreement: a group of peers under a seeded schedule of crashes, broken links, partitions and stopped
 * machines. Says what went wrong, in words; nothing is the only good answer.
 */
import { createRandom, type Random } from '../../sdk/src/base/prng.js';
import { type ChainInput, type ChainState, chainGame, changing } from '../unit/session/chain-game.js';
import { type MeshPeer, peerId, UNKNOWN_HASH } from './mesh-peer.js';
import { VirtualMesh } from './virtual-mesh.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;
type Peer = MeshPeer<ChainState, ChainInput>;

/** A machine that never wakes. */
const FOR_EVER_MS = 1e9;

/** What a trial showed. */
export interface TrialResult {
  readonly problems: readonly string[];
  /** From the last crash to the last survivor's knowledge of all cuts, ms; `undefined` without a crash. */
  readonly decidedAfterMs: number | undefined;
  /** Views formed by the survivors. */
  readonly views: number;
}

function meshOf(seed: number, peerCount: number, random: Random): Mesh {
  const oneWayMs = 5 + random.below(146);
  return new VirtualMesh<ChainState, ChainInput>({
    seed,
    peerCount,
    game: chainGame({ playersMax: 8 }),
    readInput: changing(0.1),
    conditions: {
      oneWayMs,
      jitterMs: random.below(Math.min(oneWayMs, 40)),
      loss: random.chance(0.3) ? 0 : random.next() * 0.3,
      duplication: random.chance(0.3) ? 0.02 : 0,
    },
  });
}

function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [order[index], order[other]] = [order[other] as number, order[index] as number];
  }
  return order;
}

/**
 * One to three of 3 to 8 peers crash, the later ones also in the middle of the vote on the first. All survivors must
 * cut each at the same frame, confirm the same states, take nothing back, and go on.
 */
export function crashTrial(seed: number): TrialResult {
  const random = createRandom(seed);
  const peerCount = 3 + random.below(6);
  const mesh = meshOf(seed, peerCount, random);
  const crashed = shuffled(peerCount, random).slice(0, 1 + random.below(Math.min(3, (peerCount - 1) >> 1)));
  mesh.start();
  mesh.run(1500 + random.below(1500));
  let lastCrashMs = 0;
  for (const [nth, index] of crashed.entries()) {
    const afterMs = nth === 0 ? 0 : random.chance(0.5) ? random.below(300) : 2900 + random.below(1000);
    lastCrashMs = Math.max(lastCrashMs, mesh.nowMs + afterMs);
    mesh.at(mesh.nowMs + afterMs, () => mesh.sleep(index, FOR_EVER_MS));
  }
  mesh.run(lastCrashMs - mesh.nowMs + 6000);
  const survivors = mesh.peers.filter((peer) => !crashed.includes(peer.index));
  const problems = [...mesh.violations, ...disagreements(survivors)];
  let decidedAtMs = 0;
  for (const survivor of survivors) {
    const left = survivor.events.filter(({ event }) => event.type === 'peer-left');
    if (left.length !== crashed.length) problems.push(`peer ${survivor.id} saw ${left.length} leave`);
    for (const index of crashed) decidedAtMs = Math.max(decidedAtMs, cutAtMs(survivor, peerId(index)));
    if (survivor.session.phase !== 'running')
      problems.push(`peer ${survivor.id} is ${survivor.session.phase}`);
  }
  return { problems, decidedAfterMs: decidedAtMs - lastCrashMs, views: survivors[0]?.session.viewId ?? 0 };
}

/**
 * 4 to 8 peers, of whom links break one or both ways, groups are parted, machines stop for seconds, one may crash. After
 * all is healed, the members of the newest view must agree; whoever was cut off must know.
 */
export function partitionTrial(seed: number): TrialResult {
  const random = createRandom(seed);
  const peerCount = 4 + random.below(5);
  const mesh = meshOf(seed, peerCount, random);
  mesh.start();
  mesh.run(1500);
  const at = (): number => mesh.nowMs + random.below(6000);
  const part = (from: number, to: number, span: readonly [number, number]): void => {
    if (from === to) return;
    mesh.at(span[0], () => mesh.cut(from, to));
    mesh.at(span[1], () => mesh.heal(from, to));
  };
  const span = (): [number, number] => {
    const start = at();
    return [start, start + 300 + random.below(6000)];
  };
  for (let count = random.below(6); count > 0; count -= 1) {
    const [from, to, when] = [random.below(peerCount), random.below(peerCount), span()];
    part(from, to, when);
    if (random.chance(0.6)) part(to, from, when);
  }
  if (random.chance(0.3)) {
    const when = span();
    const size = 1 + random.below(peerCount - 1);
    for (let left = 0; left < size; left += 1) {
      for (let right = size; right < peerCount; right += 1) {
        part(left, right, when);
        part(right, left, when);
      }
    }
  }
  for (let count = random.below(3); count > 0; count -= 1) {
    const index = random.below(peerCount);
    mesh.at(at(), () => mesh.sleep(index, 200 + random.below(6000)));
  }
  const crashed = random.chance(0.5) ? random.below(peerCount) : -1;
  if (crashed >= 0) mesh.at(at(), () => mesh.sleep(crashed, FOR_EVER_MS));
  mesh.run(24_000);
  return {
    problems: partedProblems(mesh, crashed),
    decidedAfterMs: undefined,
    views: newestView(mesh.peers, crashed),
  };
}

function newestView(peers: readonly Peer[], crashed: number): number {
  return Math.max(...peers.map((peer) => (peer.index === crashed ? 0 : peer.session.viewId)));
}

function partedProblems(mesh: Mesh, crashed: number): string[] {
  const living = mesh.peers.filter((peer) => peer.index !== crashed && peer.session.phase !== 'ended');
  const active = Math.min(
    ...living.map(({ session }) => session.slots.filter((slot) => slot === 'active').length),
  );
  // Two voters that lose each other both go on: the declared fork. Nothing to agree on is left then.
  if (active <= 2) return [];
  const newest = newestView(living, crashed);
  const problems = disagreements(living.filter(({ session }) => session.viewId === newest));
  for (const { id, session } of living) {
    if (session.viewId !== newest)
      problems.push(`peer ${id} is still in view ${session.viewId} of ${newest}`);
    if (session.phase !== 'running') problems.push(`peer ${id} is ${session.phase}`);
  }
  const confirmed = living.map(({ session }) => session.frameConfirmed);
  if (Math.max(...confirmed) < 500) problems.push(`nobody got on: ${confirmed}`);
  return [...problems, ...mesh.violations];
}

/** When a peer knew the cut of another: that of its substitution, if it was substituted first. */
function cutAtMs(peer: Peer, gone: string): number {
  const found = peer.events.find(
    ({ event }) => (event.type === 'peer-substituted' || event.type === 'peer-left') && event.peer === gone,
  );
  return found?.atMs ?? Number.POSITIVE_INFINITY;
}

/** Frames on which peers confirmed different states, and cuts that differ. */
export function disagreements(peers: readonly Peer[]): string[] {
  const problems: string[] = [];
  const first = peers[0];
  if (first === undefined) return problems;
  for (const peer of peers.slice(1)) {
    const common = Math.min(first.hashes.length, peer.hashes.length);
    const frame = first.hashes.slice(0, common).findIndex((hash, index) => {
      const other = peer.hashes[index];
      return hash !== other && hash !== UNKNOWN_HASH && other !== UNKNOWN_HASH;
    });
    if (frame >= 0)
      problems.push(`peers ${first.id} and ${peer.id} confirmed different states of frame ${frame}`);
    for (const { peer: gone, cutFrame } of peer.heard('peer-left')) {
      // One that came back may be cut again: then the cuts are told apart by nobody.
      const cutsOf = (of: Peer) => of.heard('peer-left').filter((event) => event.peer === gone);
      const [other, ...more] = cutsOf(first);
      if (other === undefined || more.length > 0 || cutsOf(peer).length > 1) continue;
      if (other.cutFrame !== cutFrame) problems.push(`cuts of ${gone} differ`);
    }
  }
  for (const peer of peers) {
    if (peer.heard('desync').length > 0) problems.push(`peer ${peer.id} reports a desync`);
  }
  return problems;
}
