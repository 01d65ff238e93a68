import fc from 'fast-check';
import { parseSignal } from '../../../sdk/src/transport/signal-parser.js';

const sdp = 'v=0\r\ns=-\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n';
const candidate = {
  kind: 'candidate',
  connectionId: 'c1',
  candidate: 'candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: 'abcd',
};

test.each([
  { kind: 'offer', connectionId: 'c1', sdp },
  { kind: 'answer', connectionId: 'c1', sdp },
  candidate,
  { ...candidate, sdpMid: null, usernameFragment: null },
  { ...candidate, sdpMLineIndex: null },
  { kind: 'end', connectionId: 'ask-abc' },
])('a signal is read as it was written: %j', (signal) => {
  expect(parseSignal(signal)).toEqual(signal);
});

test('unknown fields do not pass', () => {
  const read = parseSignal({ kind: 'end', connectionId: 'c1', type: 'OFFER', payload: {}, sdp });
  expect(read).toEqual({ kind: 'end', connectionId: 'c1' });
  expect(parseSignal({ ...candidate, candidates: [], type: 'x' })).toEqual(candidate);
});

test('a description with more or other sections than one for data is none', () => {
  const media = 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
  for (const text of [
    media,
    sdp + media,
    `${sdp}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n`,
    'v=0',
  ])
    expect(parseSignal({ kind: 'offer', connectionId: 'c', sdp: text })).toBeUndefined();
});

test('lengths are accepted up to their limits and refused beyond', () => {
  const padded = (length: number): string => `${sdp}a=${'x'.repeat(length - sdp.length - 2)}`;
  expect(parseSignal({ kind: 'offer', connectionId: 'c', sdp: padded(10_240) })).toBeDefined();
  expect(parseSignal({ kind: 'offer', connectionId: 'c', sdp: padded(10_241) })).toBeUndefined();
  expect(parseSignal({ kind: 'end', connectionId: 'x'.repeat(256) })).toBeDefined();
  expect(parseSignal({ kind: 'end', connectionId: 'x'.repeat(257) })).toBeUndefined();
  expect(parseSignal({ ...candidate, candidate: 'x'.repeat(1024) })).toBeDefined();
  expect(parseSignal({ ...candidate, candidate: 'x'.repeat(1025) })).toBeUndefined();
  const listed = (count: number): string => `${sdp}${'a=candidate:1\r\n'.repeat(count)}`;
  expect(parseSignal({ kind: 'offer', connectionId: 'c', sdp: listed(64) })).toBeDefined();
  expect(parseSignal({ kind: 'offer', connectionId: 'c', sdp: listed(65) })).toBeUndefined();
});

test('no value at all makes the parser throw, and what it accepts it accepts again', () => {
  const near = fc.record(
    {
      kind: fc.oneof(fc.constantFrom('offer', 'answer', 'candidate', 'end'), fc.anything()),
      connectionId: fc.oneof(fc.string(), fc.anything()),
      sdp: fc.oneof(fc.constant(sdp), fc.anything()),
      candidate: fc.oneof(fc.string(), fc.anything()),
      sdpMid: fc.oneof(fc.constantFrom('0', null), fc.anything()),
      sdpMLineIndex: fc.oneof(fc.constantFrom(0, null), fc.anything()),
      usernameFragment: fc.oneof(fc.constantFrom('u', null), fc.anything()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), near), (value) => {
      const signal = parseSignal(value);
      if (signal !== undefined) expect(parseSignal(signal)).toEqual(signal);
    }),
    { numRuns: 3000 },
  );
});
