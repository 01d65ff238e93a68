/** The bounds of the core: what one version of the wire promises, and how bounds lean on each other. */
import * as limits from '../../../sdk/src/base/limits.js';

test('what peers of one version must have in common is what the documents say', () => {
  expect(limits).toMatchObject({
    ...{ PACKET_BYTES_MAX: 1100, PACKET_FRAMES_MAX: 127, LOG_FRAMES: 2048, LOG_FRAMES_KEPT: 1800 },
    ...{ HASH_FRAMES_KEPT: 600, HASH_RING_FRAMES: 1024, HASH_INTERVAL_FRAMES: 30, HASH_REPEATS: 2 },
    ...{ HASHES_PENDING_MAX: 32, REPORT_INTERVAL_PACKETS: 8, FUTURE_FRAMES_MAX: 1920, SLOT_CHANGES_KEPT: 16 },
    ...{ PEERS_MAX: 31, PLAYERS_MAX: 16, INPUT_BYTES_MAX: 64, INPUT_DELAY_FRAMES_MAX: 15 },
    ...{
      PREDICTION_FRAMES_MAX: 60,
      OPTIONS_BYTES_MAX: 4096,
      EFFECTS_KEPT_MAX: 4096,
      EVENTS_QUEUED_MAX: 8192,
    },
    ...{ HANDSHAKE_TIMEOUT_MS: 30_000, NO_QUORUM_TIMEOUT_MS: 30_000, ELAPSED_MS_MAX: 1000 },
    ...{
      MESSAGE_BYTES_MAX: 16_384,
      STATE_BYTES_MAX: 16_777_216,
      CHUNK_BYTES_MIN: 1000,
      CHUNK_BYTES_MAX: 16_000,
    },
    ...{ CHUNKS_MAX: 1049, CHUNKS_ASKED_MAX: 64, CHUNKS_OUTSTANDING_MAX: 16, CONFIG_BYTES_MAX: 8192 },
    ...{ REASON_BYTES_MAX: 120, STATES_OFFERED_MAX: 2, STATE_OFFERED_MS: 60_000 },
  });
});

test('rings are powers of two and hold what is kept, with room for what may come', () => {
  const {
    LOG_FRAMES,
    LOG_FRAMES_KEPT,
    FUTURE_FRAMES_MAX,
    PACKET_FRAMES_MAX,
    HASH_RING_FRAMES,
    HASH_FRAMES_KEPT,
  } = limits;
  for (const frames of [LOG_FRAMES, HASH_RING_FRAMES]) expect(Math.log2(frames) % 1).toBe(0);
  expect(LOG_FRAMES_KEPT + PACKET_FRAMES_MAX).toBeLessThan(LOG_FRAMES);
  expect(FUTURE_FRAMES_MAX + PACKET_FRAMES_MAX).toBeLessThanOrEqual(LOG_FRAMES);
  expect(HASH_FRAMES_KEPT).toBeLessThan(HASH_RING_FRAMES);
});

test('a chunk with its header fits into a message, and the largest state into the chunks', () => {
  const { CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX, CHUNKS_MAX, STATE_BYTES_MAX } = limits;
  expect(CHUNK_BYTES_MAX + 9).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  expect(CHUNKS_MAX * CHUNK_BYTES_MAX).toBeGreaterThanOrEqual(STATE_BYTES_MAX);
  expect((CHUNKS_MAX - 1) * CHUNK_BYTES_MAX).toBeLessThan(STATE_BYTES_MAX);
});
