import { CandidateTally } from '../../../sdk/src/transport/candidate-tally.js';
import { createAskId, createConnectionId, isAskId } from '../../../sdk/src/transport/connection-id.js';
import { decodeMeshMessage, encodeGoodbye, HEARTBEAT } from '../../../sdk/src/transport/mesh-messages.js';

test('heartbeats and goodbyes are understood', () => {
  expect(decodeMeshMessage(HEARTBEAT)).toEqual({ kind: 'heartbeat' });
  expect(decodeMeshMessage(encodeGoodbye('leaving'))).toEqual({ kind: 'goodbye', code: 'leaving' });
  expect(decodeMeshMessage(encodeGoodbye('silent'))).toEqual({ kind: 'goodbye', code: 'silent' });
  expect([HEARTBEAT, encodeGoodbye('leaving'), encodeGoodbye('silent')].map((bytes) => [...bytes])).toEqual([
    [0xf0],
    [0xf1, 0],
    [0xf1, 1],
  ]);
});

test('all other messages of one to three bytes are not, and none throws', () => {
  let understood = 0;
  for (let first = 0; first < 256; first += 1) {
    if (decodeMeshMessage(Uint8Array.of(first))) understood += 1;
    for (let second = 0; second < 256; second += 1) {
      if (decodeMeshMessage(Uint8Array.of(first, second))) understood += 1;
      if (decodeMeshMessage(Uint8Array.of(first, second, 0))) understood += 1;
    }
  }
  expect(understood).toBe(3);
  expect(decodeMeshMessage(new Uint8Array(0))).toBeUndefined();
});

test('candidates are counted by type and named without their addresses', () => {
  const tally = new CandidateTally();
  expect(`${tally}`).toBe('none');
  tally.add('candidate:1 1 udp 1 192.0.2.7 9 typ host generation 0');
  tally.add('candidate:1 1 udp 1 192.0.2.8 9 typ srflx raddr 0.0.0.0 rport 0');
  tally.add('candidate:1 1 udp 1 192.0.2.9 9 typ marsian');
  tally.addDescription('v=0\r\na=candidate:1 1 udp 1 192.0.2.10 9 typ host\r\na=mid:0\r\n');
  expect(`${tally}`).toBe('2 host, 1 srflx');
});

test('connection ids do not repeat, and an ask is told apart from them', () => {
  const ids = Array.from({ length: 1000 }, createConnectionId);
  expect(new Set(ids).size).toBe(1000);
  expect(ids.every((id) => /^[a-z2-7]{16}$/.test(id) && !isAskId(id))).toBe(true);
  expect(isAskId(createAskId())).toBe(true);
});
