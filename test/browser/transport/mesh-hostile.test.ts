/** Garbage from members and from the lobby is counted and dropped; nothing throws, other links do not notice. */
import { waitUntil } from '../../support/browser.js';
import { changed, useStage } from './mesh-stage.js';

const stage = useStage();

const description = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const dataSection = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n';
const candidate = {
  kind: 'candidate',
  connectionId: 'x',
  candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: null,
};

/** Not signals at all. */
const malformed: readonly unknown[] = [
  null,
  [],
  1,
  'offer',
  true,
  {},
  { kind: 'offer' },
  { kind: 'offer', connectionId: 'x' },
  { kind: 'offer', connectionId: 7, sdp: description + dataSection },
  { kind: 'offer', connectionId: '', sdp: description + dataSection },
  { kind: 'offer', connectionId: 'x'.repeat(257), sdp: description + dataSection },
  { kind: 'offer', connectionId: 'x', sdp: description },
  { kind: 'offer', connectionId: 'x', sdp: `${description}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n` },
  {
    kind: 'answer',
    connectionId: 'x',
    sdp: `${description + dataSection}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`,
  },
  { kind: 'answer', connectionId: 'x', sdp: `${description + dataSection}a=${'x'.repeat(11_000)}\r\n` },
  { kind: 'answer', connectionId: 'x', sdp: { toString: 'no' } },
  { ...candidate, candidate: 7 },
  { ...candidate, candidate: '' },
  { ...candidate, candidate: 'x'.repeat(1025) },
  { ...candidate, candidate: 'candidate:1\r\na=ice-ufrag:evil' },
  { ...candidate, sdpMLineIndex: 1 },
  { ...candidate, sdpMLineIndex: -1 },
  { ...candidate, sdpMLineIndex: '0' },
  { ...candidate, sdpMid: {} },
  { ...candidate, usernameFragment: 5 },
  { ...candidate, sdpMid: null, sdpMLineIndex: null },
  { kind: 'LEAVE', connectionId: 'x' },
  { kind: '__proto__', connectionId: 'x' },
  { type: 'OFFER', src: 'bob', payload: {} },
];

/** Signals in form, but for nothing that is under way. */
const unexpected: readonly unknown[] = [
  candidate,
  { kind: 'answer', connectionId: 'x', sdp: description + dataSection },
  { kind: 'answer', connectionId: '__proto__', sdp: description + dataSection },
];

test('forged signals are counted and change nothing', async () => {
  const [ada, bob] = await stage.joinAll('signals', ['ada', 'bob']);
  const inject = (from: unknown, signal: unknown): void =>
    stage.relay.inject('signals', 'ada', { from, signal });
  for (const signal of malformed) inject('bob', signal);
  for (const signal of unexpected) inject('bob', signal);
  // Our own id, and ids that are none.
  for (const from of ['ada', null, 7, {}]) inject(from, { kind: 'end', connectionId: 'x' });
  // A lesser peer may not offer, wanted or not, however often.
  for (let count = 0; count < 100; count += 1)
    inject('aaa', { kind: 'offer', connectionId: `x${count}`, sdp: description + dataSection });
  // An end, or an ask, of a stranger; an end of a connection that is not ours.
  inject('zed', { kind: 'end', connectionId: 'ask-x' });
  inject('bob', { kind: 'end', connectionId: 'x' });
  const expected = { malformed: malformed.length + 4, unexpected: unexpected.length + 100 };
  await waitUntil(async () => {
    const counters = await ada?.page.evaluate(() => meshLab.mesh('ada').counters);
    return (
      counters &&
      counters.malformedSignals + counters.unexpectedSignals >= expected.malformed + expected.unexpected
    );
  });
  const counters = await ada?.page.evaluate(() => meshLab.mesh('ada').counters);
  expect(counters).toMatchObject({
    malformedSignals: expected.malformed,
    unexpectedSignals: expected.unexpected,
    negotiationFailures: 0,
  });
  expect(await ada?.page.evaluate(() => meshLab.links('ada'))).toEqual({ bob: 'open' });
  expect(await ada?.page.evaluate(() => meshLab.changes('ada').length)).toBe(3);
  expect([ada?.errors, bob?.errors]).toEqual([[], []]);
});

test('offers of strangers are kept in bounded number and answered to nobody', async () => {
  const [ada] = await stage.joinAll('strangers', ['ada', 'bob']);
  for (let count = 0; count < 50; count += 1)
    stage.relay.inject('strangers', 'ada', {
      from: `z${count}`,
      signal: { kind: 'offer', connectionId: 'x', sdp: description + dataSection },
    });
  // 16 are kept, one per link the mesh may have.
  await ada?.page.waitForFunction(() => meshLab.mesh('ada').counters.unexpectedSignals === 34);
  expect(await ada?.page.evaluate(() => meshLab.links('ada'))).toEqual({ bob: 'open' });
  expect(stage.relay.passed('strangers').filter(({ to }) => to.startsWith('z'))).toEqual([]);
});

test('garbage on the channels is counted and dropped, whatever its size and kind', async () => {
  const [ada, bob] = await stage.joinAll('bytes', ['ada', 'bob']);
  const zed = await stage.open();
  const seen = await zed.page.evaluateHandle(() => meshLab.connectHostile('bytes', 'zed', 'ada'));
  // Text proves nothing: the link is not open yet.
  await seen.evaluate(({ channels }) => channels.reliable.send('hello'));
  await ada?.page.waitForFunction(() => meshLab.mesh('ada').counters.malformedMessages === 1);
  expect(await ada?.page.evaluate(() => meshLab.links('ada'))).toEqual({ bob: 'open', zed: 'checking' });
  const sent = await seen.evaluate(async (hostile) => {
    const { reliable, bulk, unreliable } = hostile.channels;
    let malformed = 0;
    let oversized = 0;
    let unknown = 0;
    const random = new Uint32Array(1);
    const below = (limit: number): number => (crypto.getRandomValues(random)[0] as number) % limit;
    reliable.send(Uint8Array.of(0xf0));
    for (const channel of [reliable, bulk]) {
      channel.send('');
      channel.send('x'.repeat(20_000));
      channel.send(new Uint8Array(0));
      malformed += 3;
      channel.send(new Uint8Array(16_449));
      channel.send(new Uint8Array(256 * 1024));
      oversized += 2;
      for (let kind = 0xf0; kind <= 0xff; kind += 1) {
        channel.send(Uint8Array.of(kind, 99, 1));
        unknown += 1;
        // One byte of 0xf0 is a heartbeat, and one of 0xf1 half a goodbye.
        channel.send(Uint8Array.of(kind));
        if (kind !== 0xf0) unknown += 1;
      }
    }
    unreliable.send(new Uint8Array(1201));
    for (let count = 0; count < 2000; count += 1) {
      const bytes = crypto.getRandomValues(new Uint8Array(1 + below(64)));
      // Of the mesh's kinds only a goodbye would end the test.
      if (bytes[0] === 0xf1) bytes[0] = 0xf2;
      if ((bytes[0] as number) >= 0xf0 && !(bytes[0] === 0xf0 && bytes.length === 1)) unknown += 1;
      reliable.send(bytes);
    }
    await hostile.openForeignChannels(20);
    await hostile.flushed();
    return { malformed: malformed + 1, oversized, unknown };
  });
  await waitUntil(async () => {
    const counters = await ada?.page.evaluate(() => meshLab.mesh('ada').counters);
    return (
      counters?.unknownMeshMessages === sent.unknown &&
      counters.malformedMessages === sent.malformed &&
      counters.foreignChannels === 20
    );
  });
  const counters = await ada?.page.evaluate(() => meshLab.mesh('ada').counters);
  // The one on the unreliable channel may have been lost.
  expect([sent.oversized, sent.oversized + 1]).toContain(counters?.oversizedMessages);
  expect(await ada?.page.evaluate(() => meshLab.links('ada'))).toEqual({ bob: 'open', zed: 'open' });
  await bob?.page.evaluate(() =>
    meshLab.sendNumbers('bob', { to: 'ada', channel: 'reliable', count: 3, perSecond: 100 }),
  );
  await ada?.page.waitForFunction(() => meshLab.numbers('ada', 'bob', 'reliable').length === 3);
  expect([ada?.errors, bob?.errors, zed.errors]).toEqual([[], [], []]);
  await seen.evaluate(({ channels }) => channels.reliable.send(Uint8Array.of(0xf1, 0)));
  if (ada !== undefined)
    expect(await changed(ada, ['ada', 'zed', 'lost'])).toMatchObject({ reason: 'goodbye' });
});

test('a link that never opens fails after 15 s and says what was tried', async () => {
  const ada = await stage.open();
  await ada.page.evaluate(() => meshLab.join('failures', 'ada', { follow: false, speed: 4 }));
  // A peer that never answers, one that never offers, and one whose offer the browser refuses.
  await ada.page.evaluate(() => {
    for (const peer of ['Abe', 'bob', 'zed']) meshLab.mesh('ada').connect(peer);
  });
  stage.relay.inject('failures', 'ada', {
    from: 'zed',
    signal: { kind: 'offer', connectionId: 'x', sdp: `${description + dataSection}a=nonsense\r\n` },
  });
  const losses = await Promise.all(['Abe', 'bob', 'zed'].map((peer) => changed(ada, ['ada', peer, 'lost'])));
  for (const loss of losses) expect(loss.reason).toBe('failed');
  expect(losses[0]?.detail).toMatch(
    /^no answer from the peer; candidates here: \d+ host; candidates there: none; ICE new/,
  );
  expect(losses[1]?.detail).toBe('no offer arrived from the peer');
  expect(losses[2]?.detail).toMatch(/the browser said: .*(SDP|description|Failed)/i);
  expect(await ada.page.evaluate(() => meshLab.mesh('ada').counters.negotiationFailures)).toBe(1);
  expect(ada.errors).toEqual([]);
});
