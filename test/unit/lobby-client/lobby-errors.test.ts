/** What a player reads when the lobby says no: every refusal says what happened and what to do. */
import { LOBBY_ERROR_CODES } from 'rollmesh/lobby-protocol';
import { finalCloseReason, notARoomCode, refusalError } from '../../../sdk/src/lobby/lobby-errors.js';

const url = 'ws://lobby.test/lobby';

test.each(LOBBY_ERROR_CODES)('the refusal %s becomes whole sentences', (code) => {
  const { message } = refusalError({ t: 'err', code, message: 'Detail.' }, { url, code: '7kq2m4xd' });
  expect(message).toMatch(/^[A-Z].*\.$/);
  expect(message.split(/[.:;] /).length).toBeGreaterThan(1);
});

test('a room code appears as people write it', () => {
  const reply = { t: 'err', code: 'room-not-found', message: '' } as const;
  expect(refusalError(reply, { url, code: '7kq2m4xd' }).message).toMatch(/^The room 7KQ2-M4XD was not found/);
});

test('a wait is named in seconds and given in milliseconds', () => {
  const error = refusalError({ t: 'err', code: 'rate-limited', message: '', retryAfterMs: 4200 }, { url });
  expect(error.message).toContain('in 5 seconds');
  expect(error.retryAfterMs).toBe(4200);
});

test('an endless text is not repeated as a whole', () => {
  expect(notARoomCode('x'.repeat(500)).message.length).toBeLessThan(200);
});

test('a dropped socket is no reason to end, a replaced one is', () => {
  expect(finalCloseReason(1006)).toBeUndefined();
  expect(finalCloseReason(4001)).toMatch(/another window/);
});
