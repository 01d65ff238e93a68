/** Members and newcomers that break every rule of a state transfer: nothing throws, nothing grows, nobody else is harmed. */
import fc from 'fast-check';
import { StateFetch } from '../../../sdk/src/session/state-fetch.js';
import { StateOffer } from '../../../sdk/src/session/state-offer.js';
import {
  encodeManifest,
  type Manifest,
  manifestDigest,
  outlineOf,
} from '../../../sdk/src/wire/join-manifest.js';
import {
  decodeChunkRequest,
  decodeManifestRequest,
  encodeAttest,
  encodeChunk,
  encodeChunkRequest,
  encodeManifestRequest,
  KIND_CHUNK,
} from '../../../sdk/src/wire/join-messages.js';
import { headerOf, JOIN_KEY, NONCE, randomState, TransferNet } from './transfer-net.js';

const state = randomState(21_000);
const manifest: Manifest = { ...headerOf(3), ...outlineOf(state) };
const message = encodeManifest(manifest, JOIN_KEY);
const otherManifest: Manifest = { ...manifest, ...outlineOf(randomState(90_000, 5)), seed: 1 };

/** Some values of an arbitrary, made once: making them for every run takes longer than the runs. */
function poolOf<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.constantFrom(...fc.sample(values, { numRuns: 400, seed: 1 }));
}

const isState = (bytes: Uint8Array | undefined): boolean =>
  bytes !== undefined && Buffer.compare(bytes, state) === 0;

/** `expect` in the innermost loop would take longer than all the rest. */
function must(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(what);
}

/** Messages that a member may send, right or wrong. */
const memberMessages = poolOf(
  fc.oneof(
    fc.constantFrom(message, encodeManifest(otherManifest, JOIN_KEY)),
    fc
      .record({
        nonce: fc.constantFrom(NONCE, 1),
        isLog: fc.boolean(),
        digest: fc.constantFrom(manifestDigest(message), 5, 6),
      })
      .map((attest) => encodeAttest(attest, JOIN_KEY)),
    fc
      .record({
        frame: fc.constantFrom(600, 600, 600, 601),
        index: fc.nat(8),
        isRight: fc.boolean(),
        length: fc.nat(2),
      })
      .map(({ frame, index, isRight, length }) => {
        const bytes = isRight
          ? state.slice(index * 4000, index * 4000 + 4000)
          : new Uint8Array(3999 + length);
        return encodeChunk(
          { isLog: false, frame, index, bytes: bytes.length > 0 ? bytes : Uint8Array.of(1) },
          JOIN_KEY,
        );
      }),
    fc.uint8Array({ maxLength: 40 }),
  ),
);
const events = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ from: fc.constantFrom('m0', 'm1', 'm2', 'x'), bytes: memberMessages }),
    },
    { weight: 4, arbitrary: fc.record({ afterMs: fc.constantFrom(0, 1, 16, 16, 250, 1000, 4000, -50) }) },
    { weight: 1, arbitrary: fc.record({ gone: fc.constantFrom('m0', 'm1', 'm2', 'x') }) },
    { weight: 1, arbitrary: fc.record({ comes: fc.constantFrom('m0', 'm1', 'm2') }) },
    { weight: 6, arbitrary: fc.record({ answers: fc.integer({ min: 1, max: 3 }) }) },
  ),
  { minLength: 60, maxLength: 160 },
);

/** What an honest member answers. */
function answerTo(question: Uint8Array): Uint8Array[] {
  const asked = decodeManifestRequest(question, JOIN_KEY);
  if (asked?.isWhole === true) return [message];
  if (asked !== undefined)
    return [encodeAttest({ isLog: false, nonce: NONCE, digest: manifestDigest(message) }, JOIN_KEY)];
  const { frame, indices } = decodeChunkRequest(question, JOIN_KEY) ?? { frame: 0, indices: [] };
  return indices.map((index) =>
    encodeChunk(
      { isLog: false, frame, index, bytes: state.slice(index * 4000, index * 4000 + 4000) },
      JOIN_KEY,
    ),
  );
}

test('whatever members send and whenever, a newcomer ends with the right state, or none', () => {
  const ends = { done: 0, failed: 0, open: 0 };
  fc.assert(
    fc.property(events, fc.boolean(), (steps, isJammed) => {
      let nowMs = 0;
      const questions: { readonly peer: string; readonly bytes: Uint8Array }[] = [];
      const fetch = new StateFetch({
        ...{ joinKey: JOIN_KEY, nonce: NONCE, members: ['m0', 'm1', 'm2'], nowMs },
        send: (peer, _channel, bytes) => {
          must(bytes.length <= 8 + 128, `a question of ${bytes.length} bytes`);
          if (isJammed && nowMs % 2 === 1) return false;
          questions.push({ peer, bytes: bytes.slice() });
          return true;
        },
      });
      for (const step of steps) {
        if ('bytes' in step) fetch.receive(step.from, step.bytes, nowMs);
        else if ('gone' in step) fetch.removeMember(step.gone);
        else if ('comes' in step) fetch.addMember(step.comes);
        else if ('answers' in step)
          for (const { peer, bytes } of questions.splice(0, step.answers))
            for (const answer of answerTo(bytes)) fetch.receive(peer, answer, nowMs);
        else {
          nowMs += step.afterMs;
          fetch.advance(nowMs);
        }
        const { bytesReceived, bytesTotal, chunksReceived, chunksTotal } = fetch.progress();
        must(bytesReceived <= bytesTotal && chunksReceived <= chunksTotal, 'more came than was announced');
      }
      if (fetch.phase === 'done') {
        ends.done += 1;
        must(fetch.manifest?.seed === manifest.seed && isState(fetch.bytes), 'another state');
      } else {
        must(fetch.bytes === undefined, 'a state before the end');
        ends[fetch.phase === 'failed' ? 'failed' : 'open'] += 1;
        must((fetch.failure === undefined) === (fetch.phase !== 'failed'), 'a failure without a reason');
      }
    }),
    { numRuns: 1000, seed: 1 },
  );
  // Each end is reached, so that the property says something of each.
  expect(Math.min(ends.done, ends.failed, ends.open)).toBeGreaterThan(20);
});

test('a member that changes its mind after the manifest is believed is asked for nothing more', () => {
  const net = new TransferNet({ members: 3, state });
  let changed = false;
  net.run(60_000, () => {
    if (net.fetch.phase !== 'chunks' || changed) return;
    changed = true;
    // Another length, another number of chunks: a manifest that nobody asked for, and an attestation of it.
    const bytes = encodeManifest(otherManifest, JOIN_KEY);
    expect(net.fetch.receive('m1', bytes, net.nowMs)).toBe(true);
    net.fetch.receive(
      'm1',
      encodeAttest({ isLog: false, nonce: NONCE, digest: manifestDigest(bytes) }, JOIN_KEY),
      net.nowMs,
    );
  });
  expect(isState(net.fetch.bytes)).toBe(true);
  expect(net.fetch.manifest?.byteLength).toBe(state.length);
  expect(net.fetch.suspects).toEqual(['m1']);
});

test('members that all turn to another state after the manifest is believed leave nobody to ask', () => {
  const net = new TransferNet({ members: 3, state: randomState(500_000, 6) });
  net.run(60_000, () => {
    if (net.fetch.phase !== 'chunks') return;
    for (const member of ['m0', 'm1', 'm2'])
      net.fetch.receive(
        member,
        encodeAttest({ isLog: false, nonce: NONCE, digest: 99 }, JOIN_KEY),
        net.nowMs,
      );
  });
  expect(net.fetch.failure?.reason).toBe('no-source');
});

test('a member that sends every chunk a hundred times, and those that do not exist, is merely counted', () => {
  const net = new TransferNet({
    ...{ members: 2, state },
    tamper: (member, bytes) => {
      if (bytes[0] === KIND_CHUNK)
        for (let index = 0; index < 100; index += 1) {
          net.fetch.receive(`m${member}`, bytes, net.nowMs);
          const stray = encodeChunk(
            { isLog: false, frame: 600, index: index + 6, bytes: Uint8Array.of(1) },
            JOIN_KEY,
          );
          net.fetch.receive(`m${member}`, stray, net.nowMs);
        }
      return bytes;
    },
  });
  net.run(60_000);
  expect(isState(net.fetch.bytes)).toBe(true);
  expect(net.fetch.counts.duplicates).toBeGreaterThanOrEqual(600);
  expect(net.fetch.counts.unasked).toBeGreaterThanOrEqual(600);
  expect(net.fetch.suspects).toEqual([]);
});

/** Messages that a newcomer may send, right or wrong. */
const newcomerMessages = poolOf(
  fc.oneof(
    fc
      .record({ nonce: fc.constantFrom(NONCE, 1), isWhole: fc.boolean(), isLog: fc.boolean() })
      .map((request) => encodeManifestRequest(request, JOIN_KEY)),
    fc
      .record({
        frame: fc.constantFrom(600, 600, 660),
        isLog: fc.boolean(),
        first: fc.nat(5),
        count: fc.constantFrom(1, 1, 2, 3, 64),
      })
      .map(({ frame, isLog, first, count }) =>
        encodeChunkRequest(
          { frame, isLog, indices: Array.from({ length: count }, (_, place) => first + place) },
          JOIN_KEY,
        ),
      ),
    fc.uint8Array({ maxLength: 40 }),
  ),
);
const requests = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ from: fc.constantFrom('n', 'o', 'p'), bytes: newcomerMessages }) },
    { weight: 4, arbitrary: fc.record({ afterMs: fc.constantFrom(0, 1, 16, 16, 250, 250, 1000, -50) }) },
    {
      weight: 3,
      arbitrary: fc.record({ opens: fc.constantFrom('n', 'o', 'p'), frame: fc.constantFrom(600, 660, 720) }),
    },
    { weight: 1, arbitrary: fc.record({ closes: fc.constantFrom('n', 'o', 'p') }) },
    { weight: 1, arbitrary: fc.record({ afterMs: fc.constantFrom(70_000) }) },
  ),
  { minLength: 60, maxLength: 150 },
);

test('whatever newcomers ask for and however often, a member holds two states and keeps to its budget', () => {
  let sentInAll = 0;
  fc.assert(
    fc.property(requests, (steps) => {
      let nowMs = 0;
      let highestMs = 0;
      let sent = 0;
      const offer = new StateOffer({
        joinKey: JOIN_KEY,
        bytesPerSecond: 50_000,
        bytesPerSecondTotal: 50_000,
        send: (peer, channel, bytes) => {
          must(['n', 'o', 'p'].includes(peer), peer);
          if (channel === 'bulk') sent += bytes.length;
        },
      });
      for (const step of steps) {
        if ('bytes' in step) offer.receive(step.from, step.bytes);
        else if ('opens' in step) {
          const header = headerOf(2, step.frame);
          offer.open({ joiner: step.opens, nonce: NONCE, header, serialize: () => state }, nowMs);
        } else if ('closes' in step) offer.close(step.closes);
        else {
          nowMs += step.afterMs;
          highestMs = Math.max(highestMs, nowMs);
          offer.advance(nowMs);
        }
        must(offer.frames.length <= 2, `${offer.frames.length} frames`);
        must(offer.byteLength <= 2 * (state.length + 400), `${offer.byteLength} bytes`);
        // What came in time, what may be saved up, and the last message.
        must(sent <= (highestMs * 50_000) / 1000 + 5000 + 4009, `${sent} bytes by ${highestMs} ms`);
      }
      sentInAll += sent;
    }),
    { numRuns: 600, seed: 1 },
  );
  expect(sentInAll).toBeGreaterThan(100_000);
});
