/** Messages of a view change that no honest member sends, damaged ones and late ones: nobody is removed, nothing hangs. */
import { NO_PLAN } from '../../../sdk/src/wire/view-body.js';
import {
  decodeViewMessage,
  encodeForward,
  encodeViewMessage,
  KIND_FORWARD,
  type ViewMessage,
} from '../../../sdk/src/wire/view-messages.js';
import type { MeshPacket } from '../../support/virtual-mesh.js';
import { changing } from './chain-game.js';
import { chainMesh, injectDamaged, KEY, type Mesh, type Options, type Peer } from './chain-mesh.js';

/** First byte of the first kind of a view change. */
const KIND_PROPOSE = 0x83;

/** Four peers that have played for a second. */
function meshOf(options: Options = {}): Mesh {
  const mesh = chainMesh({
    peerCount: 4,
    conditions: { oneWayMs: 40, jitterMs: 10, loss: 0.02 },
    readInput: changing(0.2),
    ...options,
  });
  mesh.start();
  mesh.run(1000);
  return mesh;
}

/** Every view message of a match in which the last of four peers dies. */
function viewMessagesOfALoss(): MeshPacket[] {
  const packets: MeshPacket[] = [];
  const mesh = meshOf({
    intercept: (packet) => {
      if ((packet.bytes[0] as number) >= KIND_PROPOSE) packets.push(packet);
      return [packet.bytes];
    },
  });
  mesh.sleep(3, 60_000);
  mesh.run(5000);
  for (const survivor of mesh.peers.slice(0, 3)) expect(survivor.heard('peer-left')).toHaveLength(1);
  return packets;
}

function expectAllThere(mesh: Mesh): void {
  for (const peer of mesh.peers) {
    expect(peer.heard('peer-left')).toEqual([]);
    expect(peer.heard('ended')).toEqual([]);
    expect(peer.session.phase).toBe('running');
    expect(peer.session.viewId).toBe(0);
  }
  expect(mesh.compareHashes().different).toEqual([]);
  expect(mesh.violations).toEqual([]);
}

test('every truncation and single-bit flip of live view messages is counted and removes nobody', () => {
  const kinds = new Map<number, MeshPacket>();
  for (const packet of viewMessagesOfALoss()) kinds.set(packet.bytes[0] as number, packet);
  expect(kinds.size).toBeGreaterThanOrEqual(5);
  const mesh = meshOf();
  let injected = 0;
  for (const packet of kinds.values()) {
    if (packet.to === 3) continue;
    injected += injectDamaged(mesh, packet);
    mesh.run(50);
  }
  mesh.run(1500);
  expect(injected).toBeGreaterThan(500);
  expectAllThere(mesh);
});

test('a proposal to remove somebody who is heard is rejected by all, and costs no frame', () => {
  const mesh = meshOf();
  const before = mesh.peers.map(({ session }) => session.frameConfirmed);
  for (let round = 1; round < 40; round += 1) {
    const message: ViewMessage = {
      viewId: 1,
      ballot: { round, voter: 1 },
      kind: 'propose',
      removed: 1 << 3,
      late: 0,
      lead: 0,
      completing: false,
      held: [{ slot: 3, frame: 50 }],
    };
    for (const to of [0, 2])
      mesh.deliver({ from: 1, to, channel: 'reliable', bytes: encodeViewMessage(message, KEY) });
    mesh.run(50);
  }
  for (const [index, { session }] of mesh.peers.entries())
    expect(session.frameConfirmed - (before[index] as number)).toBeGreaterThan(110);
  expectAllThere(mesh);
});

test.each([100_000, 0x7fffffff, 0xfffffff0])(
  'a report of %i frames that nobody can hold is refused; whoever can drive the agreement does, and the others play on',
  (frame) => {
    let forged = 0;
    const mesh = meshOf({
      intercept: ({ from, bytes }) => {
        const message = from === 1 ? decodeViewMessage(bytes, KEY, 1) : undefined;
        if (message?.kind !== 'report') return [bytes];
        forged += 1;
        const held = message.held.map(({ slot }) => ({ slot, frame, cells: new Uint8Array(2) }));
        return [encodeViewMessage({ ...message, held }, KEY)];
      },
    });
    mesh.sleep(3, 60_000);
    mesh.run(6000);
    expect(forged).toBeGreaterThan(3);
    // A voter that answers nonsense is as good as one that does not answer: no cut is invented, and nobody waits for it for long.
    for (const survivor of [mesh.peers[0], mesh.peers[2]]) {
      if (survivor === undefined) throw new Error('a survivor expected');
      expect(survivor.heard('peer-left')).toMatchObject([{ peer: 'd', reason: 'lost' }]);
      expect(survivor.heard('peer-left')[0]?.cutFrame).toBeLessThan(100);
      expect(survivor.session.frameConfirmed).toBeGreaterThan(200);
    }
    expect(mesh.violations).toEqual([]);
  },
);

test('a report whose cells are no inputs is refused, and holds nobody up for long', () => {
  let forged = 0;
  const mesh = meshOf({
    intercept: ({ from, bytes }) => {
      const message = from === 1 ? decodeViewMessage(bytes, KEY, 1) : undefined;
      if (message?.kind !== 'report') return [bytes];
      forged += 1;
      const held = message.held.map((entry) => ({
        ...entry,
        frame: entry.frame + 40,
        cells: Uint8Array.from([255]),
      }));
      return [encodeViewMessage({ ...message, held }, KEY)];
    },
  });
  mesh.sleep(3, 60_000);
  mesh.run(6000);
  expect(forged).toBeGreaterThan(3);
  for (const survivor of [mesh.peers[0], mesh.peers[2]]) {
    expect(survivor?.heard('peer-left')).toMatchObject([{ peer: 'd', reason: 'lost' }]);
    expect(survivor?.session.frameConfirmed).toBeGreaterThan(200);
  }
  expect(mesh.violations).toEqual([]);
});

test('a flood of messages to pass on is bounded and goes to nobody but its addressee', () => {
  const mesh = meshOf();
  const message = encodeViewMessage({ viewId: 1, ballot: { round: 1, voter: 1 }, kind: 'abort' }, KEY);
  const bytes = encodeForward({ from: 1, to: 2, message }, KEY);
  const [first] = mesh.peers;
  if (first === undefined) throw new Error('a peer expected');
  const before = first.sent.packets;
  for (let copy = 0; copy < 2000; copy += 1) mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
  mesh.run(17);
  expect(bytes[0]).toBe(KIND_FORWARD);
  expect(first.sent.packets - before).toBeLessThanOrEqual(256 + 2 * 3);
  const stranger = encodeForward({ from: 1, to: 31, message }, KEY);
  mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: stranger });
  expect(first.session.stats().peers.find(({ peer }) => peer === 'b')?.malformed).toBe(1);
  mesh.run(1000);
  expectAllThere(mesh);
});

test('messages of a view that is past, in any order, change nothing', () => {
  const packets: MeshPacket[] = [];
  const mesh = meshOf({
    intercept: (packet) => {
      if ((packet.bytes[0] as number) >= KIND_PROPOSE) packets.push(packet);
      return [packet.bytes];
    },
  });
  mesh.sleep(3, 60_000);
  mesh.run(5000);
  const survivors = mesh.peers.slice(0, 3);
  const views = survivors.map(({ session }) => session.viewId);
  expect(views).toEqual([2, 2, 2]);
  const old = packets.filter(({ from, to }) => from !== 3 && to !== 3);
  expect(old.length).toBeGreaterThan(10);
  for (const packet of [...old].reverse()) mesh.deliver(packet);
  mesh.run(1500);
  for (const survivor of survivors) {
    expect(survivor.session.viewId).toBe(2);
    expect(survivor.heard('peer-left')).toHaveLength(1);
    expect(survivor.session.phase).toBe('running');
  }
  expect(mesh.compareHashes(survivors).different).toEqual([]);
  expect(mesh.compareHashes(survivors).compared).toBeGreaterThan(250);
  expect(mesh.violations).toEqual([]);
});

test('a forged COMMIT that cuts off final frames is not believed', () => {
  const mesh = meshOf();
  const victim = mesh.peers[0] as Peer;
  const { frameFinal } = victim.session;
  expect(frameFinal).toBeGreaterThan(25);
  const bytes = encodeViewMessage(
    {
      viewId: 1,
      ballot: { round: 1, voter: 1 },
      kind: 'commit',
      body: {
        ...NO_PLAN,
        removed: 1 << 3,
        late: 0,
        frame: 0,
        cuts: [{ slot: 3, base: 20, cut: 20, cells: new Uint8Array(0) }],
      },
    },
    KEY,
  );
  mesh.deliver({ from: 1, to: 0, channel: 'reliable', bytes });
  mesh.run(1500);
  expectAllThere(mesh);
});
