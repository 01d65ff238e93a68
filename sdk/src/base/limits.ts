/** Every bound of the core in one place: no queue, log, ring or packet grows beyond a number named here. */

/** Largest message on the unreliable channel, in bytes: fits any path with an MTU of 1,200 and more. */
export const PACKET_BYTES_MAX = 1100;
/** Most frames of inputs in one packet. */
export const PACKET_FRAMES_MAX = 127;
/** Cells of an input log, a power of two. */
export const LOG_FRAMES = 2048;
/** Frames of an input log that may still be asked for. The rest of the ring is room for frames to come. */
export const LOG_FRAMES_KEPT = 1800;
/** Frames whose state hash is kept, and the ring that holds them (a power of two). */
export const HASH_FRAMES_KEPT = 600;
export const HASH_RING_FRAMES = 1024;
/** A state hash is sent for every frame that is a multiple of this. */
export const HASH_INTERVAL_FRAMES = 30;
/** Packets that carry one hash, so that a single loss does not skip a check. */
export const HASH_REPEATS = 2;
/** Remote hashes of frames we have not confirmed yet, per peer. */
export const HASHES_PENDING_MAX = 32;
/** The report section (clock, loss, vector) goes into every so many packets. */
export const REPORT_INTERVAL_PACKETS = 8;
/** Agreed changes of who plays a slot that are remembered: only frames that may be simulated again need them. */
export const SLOT_CHANGES_KEPT = 16;
/** How far the inputs of a peer may lead our confirmed frame. */
export const FUTURE_FRAMES_MAX = 1920;

/** Most of what a caller may ask of one match. Sets of peers are bit masks in a signed 32-bit integer. */
export const PEERS_MAX = 31;
export const PLAYERS_MAX = 16;
export const INPUT_BYTES_MAX = 64;
export const INPUT_DELAY_FRAMES_MAX = 15;
export const PREDICTION_FRAMES_MAX = 60;
export const OPTIONS_BYTES_MAX = 4096;
/** Effects remembered for telling new from repeated ones; the oldest are forgotten first. */
export const EFFECTS_KEPT_MAX = 4096;
/** Events waiting for the end of a call. */
export const EVENTS_QUEUED_MAX = 8192;

/** A handshake that takes longer ends the session, in ms. */
export const HANDSHAKE_TIMEOUT_MS = 30_000;
/** A match in which too few peers are left to agree ends after this, in ms. */
export const NO_QUORUM_TIMEOUT_MS = 30_000;
/** Longest time one `advance` accounts for, in ms: after a sleep the clock goes on from there. */
export const ELAPSED_MS_MAX = 1000;

/** Largest message on the reliable and bulk channels, in bytes. */
export const MESSAGE_BYTES_MAX: number = 16 * 1024;
/** Largest serialised state that a newcomer can be given, in bytes. */
export const STATE_BYTES_MAX: number = 16 * 1024 * 1024;
/** Sizes of one chunk of a serialised state, in bytes. With its header the largest fits into a message. */
export const CHUNK_BYTES_MIN = 1000;
export const CHUNK_BYTES_MAX = 16_000;
/** Most chunks of one state: a state of STATE_BYTES_MAX in the largest chunks. */
export const CHUNKS_MAX: number = Math.ceil(STATE_BYTES_MAX / CHUNK_BYTES_MAX);
/** Most chunks that one request may name. */
export const CHUNKS_ASKED_MAX = 64;
/** Most chunks asked of one member and not yet sent by it. */
export const CHUNKS_OUTSTANDING_MAX = 16;
/** Most that a newcomer is told of a match's configuration, as JSON text in bytes. */
export const CONFIG_BYTES_MAX = 8192;
/** Longest reason that goes with a refusal, in bytes. */
export const REASON_BYTES_MAX = 120;
/** Serialised states that a member holds for newcomers at a time. */
export const STATES_OFFERED_MAX = 2;
/** A state is held for a newcomer this long, in ms, and as long as sending it twice takes. */
export const STATE_OFFERED_MS = 60_000;

/** Most bytes of what is signed at once: a proof of two such batches fits into a message. */
export const BATCH_BYTES_MAX = 7900;
/** Most frames of one slot in a batch. */
export const BATCH_FRAMES_MAX = 240;
/** Most runs of frames in a batch. */
export const BATCH_SPANS_MAX = 32;
/** Signed batches of a peer that are kept to be sent again, or to be shown as evidence. */
export const BATCHES_KEPT = 64;
/** Hashes of signed batches of a peer that are kept for comparison: more than a minute of them. */
export const BATCH_HASHES_KEPT = 256;
/** Slots and epochs of a peer whose newest signed frame is remembered. */
export const SIGNED_EPOCHS_KEPT = 256;
/** What is looked at of one peer's messages about signatures: so many per second, and a burst. */
export const SIGNING_MESSAGES_PER_SECOND = 40;
export const SIGNING_MESSAGES_BURST = 200;

/** What is looked at of one peer's packets: so many per second (240 frames/s with as many view messages), and a burst. */
export const FLOOD_PACKETS_PER_SECOND = 600;
export const FLOOD_PACKETS_BURST = 6000;
/** The same in bytes: a full packet for each of 240 frames per second, and a burst. */
export const FLOOD_BYTES_PER_SECOND: number = 256 * 1024;
export const FLOOD_BYTES_BURST: number = 2 * 1024 * 1024;
