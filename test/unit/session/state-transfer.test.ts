/** A state of a running match gets to a newcomer: over slow lines, past liars, silence, damage and deaths. */
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import {
  encodeManifest,
  type Manifest,
  manifestDigest,
  outlineOf,
} from '../../../sdk/src/wire/join-manifest.js';
import {
  decodeChunk,
  encodeAttest,
  encodeChunk,
  KIND_ATTEST,
  KIND_CHUNK,
  KIND_MANIFEST,
} from '../../../sdk/src/wire/join-messages.js';
import { headerOf, JOIN_KEY, type NetOptions, NONCE, randomState, TransferNet } from './transfer-net.js';

const MEGABYTE = 1024 * 1024;
const LINE_BYTES_PER_SECOND = 250_000;
const megabyte = randomState(MEGABYTE);
const small = randomState(200_001, 2);
/** The least time in which a state goes over the newcomer's line. */
const lineMs = (byteLength: number): number => (byteLength / LINE_BYTES_PER_SECOND) * 1000;

function fetched(net: TransferNet): Uint8Array {
  if (net.fetch.bytes === undefined) throw new Error(`${net.fetch.phase}: ${net.fetch.failure?.message}`);
  return net.fetch.bytes;
}

/** Runs to the end and checks that the state came whole; the time it took, in ms. */
function complete(
  options: Partial<NetOptions>,
  each?: (net: TransferNet) => void,
): { net: TransferNet; ms: number } {
  const net = new TransferNet({ members: 4, state: small, ...options });
  const ms = net.run(60_000, each && (() => each(net)));
  expect(Buffer.compare(fetched(net), options.state ?? small)).toBe(0);
  expect(net.fetch.progress().phase).toBe('done');
  return { net, ms };
}

test.each([1, 2, 3, 4, 8, 15])(
  '1 MB comes from %i members at 2 Mbit/s within the time of the line and one second',
  (members) => {
    const { net, ms } = complete({ members, state: megabyte });
    expect(ms).toBeLessThan(lineMs(MEGABYTE) + 1000);
    // Hardly anything is sent twice, and everybody gives a part.
    const sent = net.sentBytes.reduce((sum, bytes) => sum + bytes, 0);
    expect(sent).toBeLessThan(MEGABYTE * 1.05);
    for (const bytes of net.sentBytes) expect(bytes).toBeGreaterThan(MEGABYTE / members / 4);
    expect(net.fetch.counts).toMatchObject({ wrong: 0, unasked: 0, timeouts: 0 });
  },
);

test.each([
  [0.05, 1000],
  [0.1, 1000],
  [0.2, 1000],
  [0.3, 2000],
])(
  'with a share of %d of the requests lost it takes at most %i ms more than the line',
  (requestLoss, moreMs) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { net, ms } = complete({ state: megabyte, requestLoss, seed });
      expect(ms).toBeLessThan(lineMs(MEGABYTE) + moreMs);
      expect(net.fetch.counts.timeouts).toBeGreaterThan(0);
    }
  },
);

test('on a fast line the budget of the members is the limit', () => {
  const budget = 64 * 1024;
  const { net, ms } = complete({ state: megabyte, bytesPerSecond: 10_000_000, offerBytesPerSecond: budget });
  const least = (MEGABYTE / (4 * budget)) * 1000;
  expect(ms).toBeGreaterThan(least * 0.95);
  expect(ms).toBeLessThan(least + 1000);
  for (const bytes of net.sentBytes) expect(bytes).toBeLessThan((ms / 1000) * budget + 16_384);
});

test('on a long line the windows grow to fill it', () => {
  const { ms } = complete({ state: megabyte, oneWayMs: 150 });
  expect(ms).toBeLessThan(lineMs(MEGABYTE) + 1000);
});

test.each<[string, (bytes: Uint8Array) => Uint8Array | undefined]>([
  ['sends nothing at all', () => undefined],
  ['sends no chunks', (bytes) => (bytes[0] === KIND_CHUNK ? undefined : bytes)],
  ['sends no manifest', (bytes) => (bytes[0] === KIND_MANIFEST ? undefined : bytes)],
])('a member that %s costs less than a second', (_name, tampered) => {
  for (const silent of [0, 3]) {
    const { ms } = complete({
      state: megabyte,
      tamper: (member, bytes) => (member === silent ? tampered(bytes) : bytes),
    });
    expect(ms).toBeLessThan(lineMs(MEGABYTE) + 1000);
  }
});

/** A chunk with other bytes and a right checksum. */
function corrupted(bytes: Uint8Array): Uint8Array {
  const chunk = decodeChunk(bytes, JOIN_KEY);
  if (chunk === undefined) return bytes;
  return encodeChunk(
    { ...chunk, bytes: chunk.bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte)) },
    JOIN_KEY,
  );
}

test('a member that sends wrong chunks is asked for no more than two, and named', () => {
  const { net, ms } = complete({
    state: megabyte,
    tamper: (member, bytes) => (member === 2 ? corrupted(bytes) : bytes),
  });
  expect(ms).toBeLessThan(lineMs(MEGABYTE) + 1000);
  expect(net.fetch.suspects).toEqual(['m2']);
  expect(net.fetch.counts.wrong).toBe(2);
  expect(net.fetch.progress().sources).toBe(3);
});

test('a chunk that is too short, or the bytes of another chunk, is wrong', () => {
  const damages: ((bytes: Uint8Array, index: number) => { bytes: Uint8Array; index: number })[] = [
    (bytes, index) => ({ bytes: bytes.slice(1), index }),
    (bytes, index) => ({ bytes: Uint8Array.from([...bytes, 0]), index }),
    (bytes, index) => ({ bytes: bytes.map((byte) => byte ^ 255), index }),
  ];
  for (const damage of damages) {
    const { net } = complete({
      tamper: (member, message) => {
        const chunk = member === 1 ? decodeChunk(message, JOIN_KEY) : undefined;
        if (chunk === undefined) return message;
        return encodeChunk(
          { isLog: false, frame: chunk.frame, ...damage(chunk.bytes, chunk.index) },
          JOIN_KEY,
        );
      },
    });
    expect(net.fetch.suspects).toEqual(['m1']);
  }
});

test.each([0, 1, 2])('a member that dies half-way is replaced by the others (member %i)', (dying) => {
  const { ms } = complete({ state: megabyte }, (net) => {
    if (net.nowMs > 2000) net.dead.add(dying);
  });
  expect(ms).toBeLessThan(lineMs(MEGABYTE) + 1000);
});

test('all members but one may die, one after the other', () => {
  const { net } = complete({ state: megabyte }, (current) => {
    for (const member of [0, 1, 2]) if (current.nowMs > 800 * (member + 1)) current.dead.add(member);
  });
  expect(net.sentBytes[3]).toBeGreaterThan(MEGABYTE / 4);
});

test('a member that is known to be gone is not waited for at all', () => {
  const { net, ms } = complete({ state: megabyte }, (current) => {
    if (current.nowMs <= 2000 || current.dead.has(1)) return;
    current.dead.add(1);
    current.fetch.removeMember('m1');
  });
  expect(net.fetch.counts.timeouts).toBe(0);
  expect(ms).toBeLessThan(lineMs(MEGABYTE) + 1000);
});

test('the members that would have sent the manifest may die before they do', () => {
  const { ms } = complete({}, (net) => {
    net.dead.add(0).add(1);
  });
  // The two that are left are half of the members: the newcomer waits a little for more.
  expect(ms).toBeLessThan(lineMs(small.length) + 2000);
});

test('a member that is silent for a while gives its part again afterwards', () => {
  const { net } = complete({
    members: 2,
    state: megabyte,
    tamper: (member, bytes, nowMs) => (member === 0 && nowMs > 500 && nowMs < 2000 ? undefined : bytes),
  });
  expect(net.sentBytes[0]).toBeGreaterThan(MEGABYTE / 10);
});

/** A member that offers another state than the rest, and says so. */
const liarState = randomState(200_001, 3);

test.each([
  [3, [0]],
  [4, [0]],
  [4, [3]],
  [5, [0, 1]],
  [7, [0, 1, 2]],
])('of %i members, the liars %j do not get their state believed', (members, liars) => {
  const { net } = complete({ members, stateOf: (member) => (liars.includes(member) ? liarState : small) });
  expect(net.fetch.suspects).toEqual(liars.map((liar) => `m${liar}`));
  for (const liar of liars) expect(net.sentBytes[liar]).toBeLessThan(4000);
});

test('two liars of four that answer first are not believed before the others have spoken', () => {
  const net = new TransferNet({
    ...{ members: 4, state: small, stateOf: (member) => (member < 2 ? liarState : small) },
    tamper: (member, bytes, nowMs) => (member >= 2 && nowMs < 400 ? undefined : bytes),
  });
  net.run(60_000);
  expect(net.fetch.failure?.reason).toBe('disputed');
  expect(net.fetch.manifest).toBeUndefined();
  expect(net.fetch.suspects).toEqual([]);
});

test('a member whose manifest has another header counts as one that names another state', () => {
  const { net } = complete({
    headerOf: (member) => ({ ...headerOf(4), seed: member === 1 ? 43 : 42 }),
  });
  expect(net.fetch.manifest?.seed).toBe(42);
  expect(net.fetch.suspects).toEqual(['m1']);
});

test.each<[string, Partial<NetOptions>, string, string]>([
  ['nobody answers', { tamper: () => undefined }, 'unanswered', 'No member answered within 10 s.'],
  ['there are no members', { members: 0 }, 'no-source', 'No member of the match is left to ask.'],
  [
    'all send wrong chunks',
    { tamper: (_member, bytes) => corrupted(bytes) },
    'no-source',
    'No source is left: 4 members sent wrong chunks.',
  ],
  [
    'nobody sends a chunk',
    { tamper: (_member, bytes) => (bytes[0] === KIND_CHUNK ? undefined : bytes) },
    'stalled',
    'No chunk came for 10 s; 0 of 51 are here.',
  ],
  [
    'all offer different states',
    { stateOf: (member) => randomState(1000, member) },
    'disputed',
    'The members name different states, and no state is named by enough of them.',
  ],
  [
    'two members offer different states',
    { members: 2, stateOf: (member) => randomState(1000, member) },
    'disputed',
    'The members name different states, and no state is named by enough of them.',
  ],
  [
    'the match does not fit',
    { fetch: { check: () => 'The match has inputs of 1 byte, this game of 2.' } },
    'unusable',
    'The match has inputs of 1 byte, this game of 2.',
  ],
  [
    'only attestations come',
    { tamper: (_member, bytes) => (bytes[0] === KIND_ATTEST ? bytes : undefined) },
    'unanswered',
    'Too few members answered within 10 s, or none sent its manifest.',
  ],
])('it gives up and says why when %s', (_name, options, reason, message) => {
  const net = new TransferNet({ members: 4, state: small, ...options });
  const ms = net.run(60_000);
  expect(net.fetch.failure).toEqual({ reason, message });
  expect(net.fetch.progress().phase).toBe('failed');
  expect(net.fetch.bytes).toBeUndefined();
  expect(ms).toBeLessThan(21_000);
});

test('a member that sends one chunk now and then does not keep it for ever', () => {
  let passedMs = 0;
  const net = new TransferNet({
    // A member with so small a budget holds the state long enough.
    ...{ members: 1, state: megabyte, offerBytesPerSecond: 16 * 1024 },
    tamper: (_member, bytes, nowMs) => {
      if (bytes[0] !== KIND_CHUNK) return bytes;
      if (nowMs - passedMs < 2000) return undefined;
      passedMs = nowMs;
      return bytes;
    },
  });
  const ms = net.run(300_000);
  expect(net.fetch.failure?.reason).toBe('too-slow');
  expect(ms).toBeLessThan(181_000);
});

test('chunks that are right and do not make the whole that was announced are refused', () => {
  const manifest: Manifest = { ...headerOf(1), ...outlineOf(small), bytesHash: hashBytes(small) ^ 1 };
  const message = encodeManifest(manifest, JOIN_KEY);
  const net = new TransferNet({
    ...{ members: 1, state: small },
    tamper: (_member, bytes) =>
      bytes[0] === KIND_MANIFEST ? message : bytes[0] === KIND_ATTEST ? undefined : bytes,
  });
  net.run(60_000);
  expect(net.fetch.failure?.reason).toBe('corrupt');
  expect(net.fetch.progress().chunksReceived).toBe(51);
});

test('what was never asked for is counted and changes nothing', () => {
  const net = new TransferNet({ members: 3, state: small });
  const chunk = (frame: number, index: number): Uint8Array =>
    encodeChunk(
      { isLog: false, frame, index, bytes: small.slice(index * 4000, index * 4000 + 4000) },
      JOIN_KEY,
    );
  const attest = (nonce: number): Uint8Array => encodeAttest({ isLog: false, nonce, digest: 77 }, JOIN_KEY);
  const manifest = encodeManifest({ ...headerOf(3), ...outlineOf(liarState) }, JOIN_KEY);
  // Before anything was asked; from strangers; for another attempt.
  for (const [from, bytes] of [
    ['m0', chunk(600, 0)],
    ['m0', manifest],
    ['x', manifest],
    ['x', attest(NONCE)],
    ['m0', attest(NONCE + 1)],
  ] as const)
    expect(net.fetch.receive(from, bytes, 0)).toBe(true);
  expect(net.fetch.counts.unasked).toBe(5);
  let sent = 0;
  net.run(60_000, () => {
    if (net.fetch.phase !== 'chunks' || sent > 0) return;
    sent += 1;
    // Of another frame, one that was not asked of it, an index that does not exist, one from a stranger.
    for (const [from, bytes] of [
      ['m1', chunk(601, 0)],
      ['m1', chunk(600, 49)],
      ['m1', encodeChunk({ isLog: false, frame: 600, index: 900, bytes: small.slice(0, 4000) }, JOIN_KEY)],
      ['x', chunk(600, 0)],
    ] as const)
      net.fetch.receive(from, bytes, net.nowMs);
  });
  expect(net.fetch.counts.unasked).toBe(9);
  expect(Buffer.compare(fetched(net), small)).toBe(0);
});

test('messages that are doubled or come late do no harm', () => {
  const late: { readonly from: string; readonly bytes: Uint8Array }[] = [];
  const { net } = complete(
    {
      tamper: (member, bytes) => {
        late.push({ from: `m${member}`, bytes });
        return bytes;
      },
    },
    (current) => {
      for (const { from, bytes } of late.splice(0)) current.fetch.receive(from, bytes, current.nowMs);
    },
  );
  expect(net.fetch.counts.duplicates).toBeGreaterThanOrEqual(40);
  expect(net.fetch.suspects).toEqual([]);
});

test('every truncation and every flipped bit of what a member sends is refused or harmless', () => {
  const tiny = randomState(5000, 4);
  const messages: Uint8Array[] = [];
  const record = (_member: number, bytes: Uint8Array): Uint8Array => {
    messages.push(bytes);
    return bytes;
  };
  complete({ members: 1, state: tiny, tamper: record });
  const manifest = messages.find((bytes) => bytes[0] === KIND_MANIFEST) as Uint8Array;
  const chunk = messages.find((bytes) => bytes[0] === KIND_CHUNK) as Uint8Array;
  const attest = encodeAttest({ isLog: false, nonce: NONCE, digest: manifestDigest(manifest) }, JOIN_KEY);
  let refused = 0;
  for (const message of [manifest, attest, chunk]) {
    const net = new TransferNet({ members: 1, state: tiny });
    net.run(message === chunk ? 250 : 50);
    const before = net.fetch.progress();
    for (let length = 0; length < message.length; length += 1)
      if (!net.fetch.receive('m0', message.slice(0, length), net.nowMs)) refused += 1;
    for (let bit = 0; bit < message.length * 8; bit += 1) {
      const copy = message.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      if (!net.fetch.receive('m0', copy, net.nowMs)) refused += 1;
    }
    expect(net.fetch.progress()).toEqual(before);
    net.run(60_000);
    expect(Buffer.compare(fetched(net), tiny)).toBe(0);
  }
  expect(refused).toBe((manifest.length + attest.length + chunk.length) * 9);
});

test('a step log is fetched as a state is; members that have none are of no use', () => {
  const log = randomState(9000, 3);
  const net = new TransferNet({
    ...{ members: 4, state: small, fetch: { isLog: true } },
    logOf: (member) => (member === 0 ? undefined : log),
  });
  const ms = net.run(60_000);
  expect([net.fetch.phase, net.fetch.isLog, net.fetch.manifest?.frame]).toEqual(['done', true, 600]);
  expect(net.fetch.manifest).toEqual({ ...headerOf(4), isLog: true, ...outlineOf(log) });
  expect(Buffer.compare(net.fetch.bytes as Uint8Array, log)).toBe(0);
  expect(ms).toBeLessThan(1600);
});

test('a step log that nobody has is given up early', () => {
  const net = new TransferNet({ members: 4, state: small, fetch: { isLog: true } });
  expect(net.run(60_000)).toBeLessThan(3000);
  expect([net.fetch.phase, net.fetch.failure?.reason]).toEqual(['failed', 'unanswered']);
});

test('progress only grows', () => {
  let last = -1;
  const totals = new Set<number>();
  const { net } = complete({ requestLoss: 0.1 }, (current) => {
    const { bytesReceived, bytesTotal, chunksReceived, chunksTotal } = current.fetch.progress();
    expect(bytesReceived).toBeGreaterThanOrEqual(last);
    expect(chunksReceived).toBe(Math.ceil(bytesReceived / 4000));
    last = bytesReceived;
    totals.add(bytesTotal).add(chunksTotal);
  });
  expect([...totals].sort((a, b) => a - b)).toEqual([0, 51, 200_001]);
  expect(net.fetch.progress()).toEqual({
    ...{ phase: 'done', bytesReceived: 200_001, bytesTotal: 200_001 },
    ...{ chunksReceived: 51, chunksTotal: 51, sources: 4 },
  });
});

test('a member that joins the effort is asked too', () => {
  const net = new TransferNet({ members: 4, state: megabyte, fetch: { members: ['m0'] } });
  let added = false;
  net.run(60_000, () => {
    if (net.nowMs < 1000 || added) return;
    added = true;
    net.fetch.addMember('m3');
  });
  expect(Buffer.compare(fetched(net), megabyte)).toBe(0);
  expect(net.sentBytes[3]).toBeGreaterThan(MEGABYTE / 4);
  expect([net.sentBytes[1], net.sentBytes[2]]).toEqual([0, 0]);
});
