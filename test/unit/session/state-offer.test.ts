/** A member's side of a join: what it holds, for whom, how long, and how fast it sends. */
import { STATE_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { type Offer, StateOffer, type StateOfferOptions } from '../../../sdk/src/session/state-offer.js';
import { decodeManifest, manifestDigest, outlineOf } from '../../../sdk/src/wire/join-manifest.js';
import {
  decodeAttest,
  decodeChunk,
  encodeChunkRequest,
  encodeManifestRequest,
  KIND_ATTEST,
  KIND_CHUNK,
  KIND_LOG,
  KIND_MANIFEST,
} from '../../../sdk/src/wire/join-messages.js';
import { headerOf, JOIN_KEY, randomState } from './transfer-net.js';

const state = randomState(100_000);
const NONCE = 9;

interface Sent {
  readonly peer: string;
  readonly channel: string;
  readonly bytes: Uint8Array;
}

/** An offer with everything it sends. */
function offering(options: Partial<StateOfferOptions> = {}): { offer: StateOffer; sent: Sent[] } {
  const sent: Sent[] = [];
  const offer = new StateOffer({
    joinKey: JOIN_KEY,
    send: (peer, channel, bytes) => {
      sent.push({ peer, channel, bytes: bytes.slice() });
    },
    ...options,
  });
  return { offer, sent };
}

const to = (joiner: string, change: Partial<Offer> = {}): Offer => ({
  ...{ joiner, nonce: NONCE, header: headerOf(2), serialize: () => state },
  ...change,
});
const atFrame = (frame: number): Partial<Offer> => ({ header: headerOf(2, frame) });
const wants = (isWhole: boolean, nonce = NONCE): Uint8Array =>
  encodeManifestRequest({ isLog: false, nonce, isWhole }, JOIN_KEY);
const wantsChunks = (indices: readonly number[], frame = 600): Uint8Array =>
  encodeChunkRequest({ isLog: false, frame, indices }, JOIN_KEY);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const kindsOf = (sent: readonly Sent[]): (number | undefined)[] => sent.map(({ bytes }) => bytes[0]);
const indicesOf = (sent: readonly Sent[]): (number | undefined)[] =>
  sent.map(({ bytes }) => decodeChunk(bytes, JOIN_KEY)?.index);

/** Lets time pass in frames of 10 ms. */
function pass(offer: StateOffer, fromMs: number, untilMs: number): void {
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 10) offer.advance(nowMs);
}

test('a newcomer gets the manifest, its digest and the chunks it asks for', () => {
  const { offer, sent } = offering();
  expect(offer.open(to('n'), 0)).toBe(true);
  for (const request of [wants(true), wants(false)]) expect(offer.receive('n', request)).toBe(true);
  pass(offer, 0, 50);
  expect(offer.receive('n', wantsChunks([3, 24]))).toBe(true);
  pass(offer, 60, 100);
  expect(sent.map(({ peer, channel, bytes }) => [peer, channel, bytes[0]])).toEqual([
    ['n', 'reliable', KIND_ATTEST],
    ['n', 'bulk', KIND_MANIFEST],
    ['n', 'bulk', KIND_CHUNK],
    ['n', 'bulk', KIND_CHUNK],
  ]);
  const [attest, manifest, third, last] = sent.map(({ bytes }) => bytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  expect(decodeManifest(manifest, JOIN_KEY)).toEqual({ ...headerOf(2), ...outlineOf(state) });
  expect(decodeAttest(attest, JOIN_KEY)).toEqual({
    isLog: false,
    nonce: NONCE,
    digest: manifestDigest(manifest),
  });
  expect(offer.digestOf(600)).toBe(manifestDigest(manifest));
  expect(decodeChunk(third, JOIN_KEY)).toEqual({
    isLog: false,
    frame: 600,
    index: 3,
    bytes: state.slice(12_000, 16_000),
  });
  expect(decodeChunk(last, JOIN_KEY)).toEqual({
    isLog: false,
    frame: 600,
    index: 24,
    bytes: state.slice(96_000),
  });
  const bytesSent = sent.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(offer.counts).toEqual({ unasked: 0, surplus: 0, manifestsSent: 1, chunksSent: 2, bytesSent });
});

test('nothing is sent unasked, and the state is serialised once, when it is first needed', () => {
  let serialised = 0;
  const serialize = (): Uint8Array => {
    serialised += 1;
    return state;
  };
  const { offer, sent } = offering();
  offer.open(to('n', { serialize }), 0);
  offer.open(to('o', { serialize }), 0);
  pass(offer, 0, 1000);
  // Chunks of a state that nobody has heard of cannot have been meant.
  expect(offer.receive('n', wantsChunks([0]))).toBe(true);
  pass(offer, 1010, 1100);
  expect([sent.length, serialised, offer.byteLength, offer.counts.unasked]).toEqual([0, 0, 0, 1]);
  for (const peer of ['n', 'o']) for (const isWhole of [true, false]) offer.receive(peer, wants(isWhole));
  pass(offer, 1110, 1500);
  expect([kindsOf(sent).length, serialised]).toEqual([4, 1]);
  // One state, and a manifest for each.
  const manifests = sent.filter(({ bytes }) => bytes[0] === KIND_MANIFEST);
  expect(offer.byteLength).toBe(manifests.reduce((sum, { bytes }) => sum + bytes.length, state.length));
});

test('what is asked for before the state is there is answered when it is, for the same attempt alone', () => {
  const { offer, sent } = offering();
  for (const peer of ['n', 'o']) offer.receive(peer, wants(true));
  offer.receive('o', wants(true, NONCE + 1));
  for (let index = 0; index < 40; index += 1) offer.receive(`x${index}`, wants(true));
  offer.receive('n', wants(false));
  offer.open(to('n'), 0);
  offer.open(to('o'), 0);
  pass(offer, 0, 100);
  expect(sent.map(({ peer, bytes }) => [peer, bytes[0]])).toEqual([['n', KIND_ATTEST]]);
  expect(offer.counts.unasked).toBe(44);
});

test('a step log has a manifest and chunks of its own beside those of the state', () => {
  const log = randomState(5000, 2);
  const { offer, sent } = offering();
  offer.open(to('n', { collectLog: () => log }), 0);
  offer.open(to('o'), 0);
  for (const peer of ['n', 'o'])
    for (const isWhole of [true, false])
      offer.receive(peer, encodeManifestRequest({ nonce: NONCE, isWhole, isLog: true }, JOIN_KEY));
  offer.receive('n', wants(true));
  pass(offer, 0, 100);
  offer.receive('n', encodeChunkRequest({ frame: 600, isLog: true, indices: [1] }, JOIN_KEY));
  offer.receive('n', wantsChunks([2]));
  pass(offer, 110, 200);
  expect(sent.map(({ peer, bytes }) => [peer, bytes[0]])).toEqual([
    ['n', KIND_ATTEST],
    ['n', KIND_MANIFEST],
    ['n', KIND_MANIFEST],
    ['n', KIND_LOG],
    ['n', KIND_CHUNK],
  ]);
  const [attest, ofLog, ofState, piece] = sent.map(({ bytes }) => bytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  expect(decodeManifest(ofLog, JOIN_KEY)).toEqual({ ...headerOf(2), isLog: true, ...outlineOf(log) });
  expect(decodeManifest(ofState, JOIN_KEY)).toEqual({ ...headerOf(2), ...outlineOf(state) });
  expect(decodeAttest(attest, JOIN_KEY)).toEqual({
    nonce: NONCE,
    isLog: true,
    digest: manifestDigest(ofLog),
  });
  expect(decodeChunk(piece, JOIN_KEY)).toEqual({ frame: 600, isLog: true, index: 1, bytes: log.slice(4000) });
});

test('requests of others, for another attempt, frame or chunk are counted and not answered', () => {
  const { offer, sent } = offering();
  offer.open(to('n'), 0);
  expect(offer.digestOf(600)).toBeDefined();
  for (const [from, request] of [
    ['x', wants(true)],
    ['x', wantsChunks([0])],
    ['n', wants(true, NONCE + 1)],
    ['n', wants(false, NONCE - 1)],
    ['n', wantsChunks([0], 601)],
    ['n', wantsChunks([0, 25])],
  ] as const)
    expect(offer.receive(from, request)).toBe(true);
  pass(offer, 0, 500);
  expect([sent.length, offer.counts.unasked]).toEqual([0, 6]);
});

test('bytes that are no request are refused', () => {
  const { offer } = offering();
  offer.open(to('n'), 0);
  const damaged = [wants(true), wantsChunks([0, 1])].flatMap((bytes) => [
    bytes.slice(0, -1),
    bytes.map((byte, index) => (index === 5 ? byte ^ 1 : byte)),
  ]);
  for (const bytes of [...damaged, new Uint8Array(0), Uint8Array.of(0x80, 0, 0)])
    expect(offer.receive('n', bytes)).toBe(false);
  expect(offer.counts.unasked).toBe(0);
});

test.each([
  [15, 15, 0],
  [16, 16, 0],
  [17, 16, 1],
  [25, 16, 9],
])('of %i chunks asked for, %i are owed at a time', (asked, owed, surplus) => {
  const { offer, sent } = offering({ bytesPerSecond: 1e9, bytesPerSecondTotal: 1e9 });
  offer.open(to('n'), 0);
  offer.digestOf(600);
  offer.receive('n', wantsChunks(upTo(asked)));
  expect(offer.counts.surplus).toBe(surplus);
  pass(offer, 10, 200);
  expect(indicesOf(sent)).toEqual(upTo(owed));
});

test('a chunk that is asked for twice before it is sent is sent once, and again when it is asked for after that', () => {
  const { offer, sent } = offering();
  offer.open(to('n'), 0);
  offer.digestOf(600);
  for (let time = 0; time < 3; time += 1) offer.receive('n', wantsChunks([7]));
  pass(offer, 10, 200);
  expect([indicesOf(sent), offer.counts.surplus]).toEqual([[7], 2]);
  offer.receive('n', wantsChunks([7]));
  pass(offer, 210, 300);
  expect(indicesOf(sent)).toEqual([7, 7]);
});

test('a budget of bytes per second holds for one newcomer, and another for all', () => {
  const { offer, sent } = offering({ bytesPerSecond: 40_000, bytesPerSecondTotal: 60_000 });
  for (const joiner of ['n', 'o', 'p']) offer.open(to(joiner), 0);
  offer.digestOf(600);
  const bytesOf = (peer: string): number =>
    sent.filter((message) => message.peer === peer).reduce((sum, { bytes }) => sum + bytes.length, 0);
  for (let nowMs = 0; nowMs <= 2000; nowMs += 10) {
    offer.receive('n', wantsChunks(upTo(16)));
    offer.advance(nowMs);
  }
  // One alone: its own budget, and at most what may be saved up and one message more.
  expect(bytesOf('n')).toBeGreaterThan(80_000 - 4100);
  expect(bytesOf('n')).toBeLessThan(80_000 + 4000 + 4100);
  sent.length = 0;
  for (let nowMs = 2010; nowMs <= 4000; nowMs += 10) {
    for (const joiner of ['n', 'o', 'p']) offer.receive(joiner, wantsChunks(upTo(16)));
    offer.advance(nowMs);
  }
  const shares = ['n', 'o', 'p'].map(bytesOf);
  const total = shares.reduce((sum, share) => sum + share, 0);
  expect(total).toBeLessThan(120_000 + 6000 + 4100);
  expect(total).toBeGreaterThan(120_000 - 4100);
  for (const share of shares) expect(share).toBeGreaterThan(30_000);
});

test('after a long pause no more than a tenth of a second of the budget comes at once', () => {
  const { offer, sent } = offering({ bytesPerSecond: 200_000 });
  offer.open(to('n'), 0);
  offer.digestOf(600);
  offer.receive('n', wantsChunks(upTo(16)));
  offer.advance(30_000);
  expect(sent.length).toBe(5);
  // A clock that stands still or goes back gives nothing.
  offer.advance(30_000);
  offer.advance(29_000);
  expect(sent.length).toBe(5);
});

test('what the transport does not take is offered again, whole and in the same order', () => {
  let isOpen = false;
  const sent: Sent[] = [];
  const { offer } = offering({
    send: (peer, channel, bytes) => {
      if (!isOpen && channel === 'bulk') throw new Error('not now');
      if (!isOpen) return false;
      sent.push({ peer, channel, bytes: bytes.slice() });
      return true;
    },
  });
  offer.open(to('n'), 0);
  offer.receive('n', wants(true));
  offer.receive('n', wants(false));
  pass(offer, 0, 100);
  offer.receive('n', wantsChunks([0, 1, 2]));
  pass(offer, 100, 200);
  expect(offer.counts.bytesSent).toBe(0);
  isOpen = true;
  pass(offer, 210, 400);
  expect(kindsOf(sent)).toEqual([KIND_ATTEST, KIND_MANIFEST, KIND_CHUNK, KIND_CHUNK, KIND_CHUNK]);
  expect(indicesOf(sent).slice(2)).toEqual([0, 1, 2]);
});

test('two frames are held at a time; a third has to wait until one is over', () => {
  const { offer } = offering();
  expect(offer.open(to('n', atFrame(600)), 0)).toBe(true);
  expect(offer.open(to('o', atFrame(660)), 0)).toBe(true);
  expect(offer.open(to('p', atFrame(720)), 0)).toBe(false);
  expect(offer.open(to('p', atFrame(660)), 0)).toBe(true);
  expect(offer.frames).toEqual([600, 660]);
  offer.close('n');
  offer.close('unknown');
  expect(offer.frames).toEqual([660]);
  expect(offer.open(to('q', atFrame(720)), 0)).toBe(true);
  // The last one of a frame takes the frame with it.
  offer.close('o');
  expect(offer.frames).toEqual([660, 720]);
  offer.close('p');
  expect(offer.frames).toEqual([720]);
  offer.close('q');
  expect([offer.frames, offer.byteLength, offer.isActive]).toEqual([[], 0, false]);
});

test('no more than 31 newcomers are served at a time', () => {
  const { offer } = offering();
  const opened = Array.from({ length: 32 }, (_, index) => offer.open(to(`n${index}`), 0));
  expect(opened.filter((isOpen) => isOpen)).toHaveLength(31);
  expect(opened[31]).toBe(false);
  offer.close('n0');
  expect(offer.open(to('late'), 0)).toBe(true);
});

test('a second offer to a newcomer replaces the first; the same one again changes nothing', () => {
  const { offer, sent } = offering();
  offer.open(to('n'), 0);
  offer.digestOf(600);
  offer.receive('n', wantsChunks([1]));
  expect(offer.open(to('n'), 5)).toBe(true);
  pass(offer, 10, 100);
  expect(indicesOf(sent)).toEqual([1]);
  offer.receive('n', wantsChunks([2]));
  expect(offer.open(to('n', { nonce: NONCE + 1, ...atFrame(660) }), 100)).toBe(true);
  pass(offer, 110, 200);
  expect([sent.length, offer.frames]).toEqual([1, [660]]);
});

test('an offer ends after a minute, and as long as sending the state twice takes', () => {
  const { offer, sent } = offering({ bytesPerSecond: 100_000 });
  offer.open(to('n'), 1000);
  offer.open(to('o', atFrame(660)), 1000);
  offer.digestOf(600);
  const heldMs = 60_000 + (2 * offer.byteLength * 1000) / 100_000;
  offer.advance(1000 + 59_999);
  expect(offer.frames).toEqual([600, 660]);
  // Nobody asked for the second: it has no length yet.
  offer.advance(1000 + 60_000);
  expect(offer.frames).toEqual([600]);
  offer.advance(999 + heldMs);
  expect(offer.isActive).toBe(true);
  offer.advance(1000 + heldMs);
  expect([offer.isActive, offer.frames, offer.byteLength]).toEqual([false, [], 0]);
  offer.receive('n', wants(true));
  offer.advance(200_000);
  expect([sent.length, offer.counts.unasked]).toEqual([0, 1]);
});

test.each([
  [0, false],
  [1, true],
  [STATE_BYTES_MAX, true],
  [STATE_BYTES_MAX + 1, false],
])('a state of %i bytes can be offered: %s', (length, can) => {
  const { offer, sent } = offering();
  offer.open(to('n', { serialize: () => new Uint8Array(length) }), 0);
  offer.receive('n', wants(true));
  offer.receive('n', wants(false));
  offer.receive('n', wantsChunks([0]));
  pass(offer, 0, 300);
  expect(kindsOf(sent)).toEqual(can ? [KIND_ATTEST, KIND_MANIFEST] : []);
  expect(offer.digestOf(600) !== undefined).toBe(can);
  expect(offer.digestOf(601)).toBeUndefined();
});

test('a game whose state cannot be serialised says so once, and nothing is sent', () => {
  const { offer, sent } = offering();
  const serialize = (): Uint8Array => {
    throw new Error('no bytes');
  };
  offer.open(to('n', { serialize }), 0);
  offer.receive('n', wants(false));
  offer.receive('n', wants(true));
  expect(() => offer.advance(0)).toThrow('no bytes');
  pass(offer, 10, 100);
  expect([sent.length, offer.digestOf(600)]).toEqual([0, undefined]);
});

test('a budget of nothing is a mistake', () => {
  expect(() => offering({ bytesPerSecond: 0 })).toThrow('0 bytes per second');
});
