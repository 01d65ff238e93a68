/**
 * What a peer believes others to hold is never more than they hold, in whatever order packets arrive and however late:
 * acknowledgements decide what is sent again, the held frames decide what is final.
 */
import { createRandom, type Random } from '../../../sdk/src/base/prng.js';
import { type FinalityView, finalFrame } from '../../../sdk/src/session/final-frame.js';
import { FrameExchange } from '../../../sdk/src/session/frame-exchange.js';
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import { createRemotes, type RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { prepareSession, type SessionSetup } from '../../../sdk/src/session/session-setup.js';
import { NO_FRAME, type SlotLog } from '../../../sdk/src/session/slot-log.js';
import { type ChainInput, type ChainState, chainGame } from './chain-game.js';

interface Node {
  readonly setup: SessionSetup<ChainState, ChainInput>;
  readonly remotes: readonly RemotePeer[];
  readonly exchange: FrameExchange;
  readonly clock: MatchClock;
}

interface InFlight {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly step: number;
}

function createNodes(count: number, equivocations: string[]): Node[] {
  const peers = Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index));
  return peers.map((self) => {
    const setup = prepareSession<ChainState, ChainInput>({
      game: chainGame(),
      matchId: 'm',
      nowMs: 0,
      self,
      peers,
      players: peers.map((peer) => ({ peer })),
      readInput: () => ({ v: 0 }),
      send: () => {},
    });
    const exchange = new FrameExchange({
      input: setup.game.input,
      matchKey: setup.matchKey,
      logs: setup.logs,
      ownLogs: setup.ownLogs,
      peerCount: count,
      confirmLimit: () => NO_FRAME,
      onWrong: () => {},
      onEquivocation: (_log, frame) => equivocations.push(`${self} ${frame}`),
    });
    const clock = new MatchClock({ nowMs: 0, framesPerSecond: 60, peerCount: count, windowFrames: 8 });
    return { setup, remotes: createRemotes(setup, 0), exchange, clock };
  });
}

function received(node: Node, slot: number): number {
  return (node.setup.logs[slot] as SlotLog).received;
}

/** Newest frame of which a node holds the inputs of all that play. */
function confirmedOf({ setup }: Node): number {
  return Math.min(...setup.logs.filter((log) => log.isActive).map((log) => log.received));
}

/** The next input of a node's own slot, unless it leads what the node holds by `leadMax`. */
function read(node: Node, leadMax: number, random: Random): void {
  const confirmed = confirmedOf(node);
  const [own] = node.setup.ownLogs;
  if (own === undefined || own.received - confirmed >= leadMax) return;
  own.append(Uint8Array.from([random.below(256)]), 0);
}

/** Every belief of `nodes` that is more than the truth, in words. */
function wrongBeliefs(nodes: readonly Node[]): string[] {
  const wrong: string[] = [];
  for (const node of nodes) {
    for (const { index, acked } of node.remotes) {
      const other = nodes[index] as Node;
      if (acked > received(other, node.setup.selfIndex))
        wrong.push(`${node.setup.self} takes ${acked} for acknowledged`);
      for (const [slot, held] of (node.exchange.held[index] as Int32Array).entries())
        if (held > received(other, slot))
          wrong.push(`${node.setup.self} takes slot ${slot} of ${index} for held to ${held}`);
    }
  }
  return wrong;
}

/** Lets nodes send and packets arrive in a random order; old ones are kept and come again. */
function shuffle(options: { seed: number; count: number; leadMax: number; steps: number }): Node[] {
  const random = createRandom(options.seed);
  const equivocations: string[] = [];
  const nodes = createNodes(options.count, equivocations);
  const flying: InFlight[] = [];
  const sent: InFlight[] = [];
  for (let step = 0; step < options.steps; step += 1) {
    const from = random.below(options.count);
    const node = nodes[from] as Node;
    read(node, options.leadMax, random);
    for (const remote of node.remotes) {
      const report = random.chance(0.3);
      const facts = { clock: node.clock, frame: 0, report, delayFrames: 2, viewId: 0, hears: -1 };
      const packet = { from, to: remote.index, bytes: node.exchange.encode(remote, facts).slice(), step };
      if (random.chance(0.8)) flying.push(packet);
      sent.push(packet);
    }
    while (flying.length > 12) deliver(nodes, flying.splice(random.below(flying.length), 1)[0] as InFlight);
    // A copy from long ago, now and then.
    if (random.chance(0.3)) deliver(nodes, sent[random.below(sent.length)] as InFlight);
    const wrong = wrongBeliefs(nodes);
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  }
  expect(equivocations).toEqual([]);
  return nodes;
}

function deliver(nodes: readonly Node[], { from, to, bytes }: InFlight): void {
  const node = nodes[to] as Node;
  const remote = node.remotes.find(({ index }) => index === from) as RemotePeer;
  const confirmed = confirmedOf(node);
  if (node.exchange.apply(remote, bytes, confirmed, 0) === undefined)
    throw new Error(`${to} refused a packet`);
}

test.each([
  [1, 2, 10],
  [2, 3, 10],
  [3, 4, 10],
  [4, 4, 50],
  [5, 8, 20],
])('seed %i, %i peers, inputs at most %i frames ahead', (seed, count, leadMax) => {
  const nodes = shuffle({ seed, count, leadMax, steps: 380 * count });
  // Many frames went through, past the wrap of eight bits, and all logs hold the owner's inputs.
  for (const node of nodes) {
    const played = node.setup.logs.filter((log) => log.isActive);
    expect(played).toHaveLength(count);
    for (const [slot, log] of played.entries()) {
      const owner = (nodes[slot] as Node).setup.logs[slot] as SlotLog;
      expect(log.received).toBeGreaterThan(280);
      const frames = Math.min(log.received, owner.received);
      const differing = Array.from({ length: frames }, (_, index) => index + 1).filter(
        (frame) =>
          log.cells.bytes[log.cells.offsetOf(frame)] !== owner.cells.bytes[owner.cells.offsetOf(frame)],
      );
      expect(differing).toEqual([]);
    }
    // What a node takes for final is held by a majority.
    const final = finalFrame({ ...node.setup, exchange: node.exchange }, NO_FRAME);
    for (let slot = 0; slot < count; slot += 1) {
      const holders = nodes.filter((other) => received(other, slot) >= final).length;
      expect(holders).toBeGreaterThan(count / 2);
    }
    expect(final).toBeGreaterThan(200);
  }
});

describe('the final frame', () => {
  function setupOf(
    owners: readonly number[],
    selfIndex: number,
    received_: readonly number[],
  ): Omit<FinalityView, 'exchange'> {
    const logs = owners.map((owner, slot) => ({ slot, owner, received: received_[slot], isActive: true }));
    return { logs: logs as unknown as SlotLog[], selfIndex };
  }
  const held = (...rows: number[][]): FinalityView['exchange'] => {
    const frames = rows.map((row) => Int32Array.from(row));
    return { held: frames, said: frames };
  };
  const finalOf = (
    setup: Omit<FinalityView, 'exchange'>,
    exchange: FinalityView['exchange'],
    confirmed: number,
    spare = 0,
  ): number => finalFrame({ ...setup, exchange }, confirmed, spare);

  test('of two is what both hold', () => {
    expect(finalOf(setupOf([0, 1], 0, [20, 15]), held([0, 0], [12, 15]), 15)).toBe(12);
    expect(finalOf(setupOf([0, 1], 0, [20, 15]), held([0, 0], [12, 15]), 15, 1)).toBe(12);
  });

  test('of three is what two hold, of four what three hold; with one to spare what one more holds', () => {
    const rows = held([0, 0, 0], [18, 20, 5], [3, 4, 20]);
    const three = setupOf([0, 1, 2], 0, [20, 20, 20]);
    expect([finalOf(three, rows, 20), finalOf(three, rows, 20, 1)]).toEqual([18, 3]);
    const more = held([0, 0, 0, 0], [9, 9, 9, 9], [8, 9, 9, 9], [7, 9, 9, 9]);
    const four = setupOf([0, 1, 2, 3], 0, [20, 20, 20, 20]);
    expect([finalOf(four, more, 20), finalOf(four, more, 20, 1)]).toEqual([8, 7]);
    const most = held([0, 0, 0, 0, 0], [9, 9, 9, 9, 9], [8, 9, 9, 9, 9], [7, 9, 9, 9, 9], [2, 9, 9, 9, 9]);
    const five = setupOf([0, 1, 2, 3, 4], 0, [20, 20, 20, 20, 20]);
    expect([finalOf(five, most, 20), finalOf(five, most, 20, 1)]).toEqual([8, 7]);
  });

  test('is never beyond the confirmed frame', () => {
    expect(finalOf(setupOf([0, 1], 0, [20, 20]), held([0, 0], [20, 20]), 11)).toBe(11);
  });

  test('of one peer with several slots, or after all others left, is the confirmed frame', () => {
    expect(finalOf(setupOf([0, 0], 0, [20, 20]), held([0, 0]), 17)).toBe(17);
  });

  test('asks no watcher: who owns no slot does not count', () => {
    // Peer 2 watches and holds nothing; peer 2 itself sees what both players hold.
    expect(finalOf(setupOf([0, 1], 0, [20, 20]), held([0, 0], [19, 20], [0, 0]), 20)).toBe(19);
    expect(finalOf(setupOf([0, 1], 2, [20, 20]), held([14, 13], [12, 15], [0, 0]), 20)).toBe(12);
  });
});
