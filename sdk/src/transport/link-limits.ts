/** Every bound of the mesh in one place: sizes in bytes, times in milliseconds. */

/** Largest message on 'unreliable': above it one packet would become two IP fragments, and one loss would cost both. */
export const UNRELIABLE_BYTES_MAX = 1200;
/** Largest message on 'reliable' and 'bulk': a slice of 16 KiB and the header of whoever cut it. */
export const RELIABLE_BYTES_MAX: number = 16 * 1024 + 64;

/**
 * 'unreliable' refuses to send when its queue has been seen waiting for this long: the congestion control of SCTP has
 * stopped it, and what waits is older than what comes. Measured in Chromium at 10 % loss and 200 ms round trip, 60
 * messages a second: the 99th percentile of their age is 120 to 370 ms with this rule, 700 to 2300 ms with a limit
 * of 4 KiB alone. Not shorter: the browser reports what it has sent some tasks later.
 */
export const UNRELIABLE_QUEUE_MS_MAX = 10;
/** 'unreliable' refuses to send while more than this waits, however briefly. */
export const UNRELIABLE_QUEUE_BYTES_MAX = 4096;
/** 'reliable' and 'bulk' refuse a message that would make more than this wait. */
export const RELIABLE_QUEUE_BYTES_MAX: number = 64 * 1024;
/** After a refusal, 'drained' is announced when no more than this waits. */
export const DRAINED_BYTES: number = RELIABLE_QUEUE_BYTES_MAX / 2;

/** A link on which nothing was sent on 'unreliable' for this long sends a heartbeat. */
export const HEARTBEAT_INTERVAL_MS = 100;
/** Silence that makes a link suspect. */
export const SUSPECT_AFTER_MS = 500;
/** Silence that makes a link lost. */
export const LOST_AFTER_MS = 15_000;
/** A link that is not open by then has failed. */
export const OPEN_WITHIN_MS = 15_000;
/** How often the mesh's own timer polls; a hidden page gets one a second. */
export const POLL_INTERVAL_MS = 50;
/** Time between two signs of life of this page that counts as sleep, not as silence of the others. */
export const ASLEEP_AFTER_MS = 1500;
/** How long a peer that asked for an offer may leave the one already on its way unanswered. */
export const REOFFER_AFTER_MS = 2000;
/** A peer that waits for an offer asks for it after this time, and then again and again. */
export const ASK_AFTER_MS = 300;
export const ASK_INTERVAL_MS = 3000;

/** Most links of a mesh unless the caller says otherwise, and at all. */
export const LINKS_MAX_DEFAULT = 16;
export const LINKS_MAX = 64;

/** Session description of an offer or an answer, in UTF-16 units. */
export const SDP_LENGTH_MAX = 10_240;
/** One ICE candidate line. */
export const CANDIDATE_LENGTH_MAX = 1024;
/** Connection id, media id, username fragment. */
export const SIGNAL_WORD_LENGTH_MAX = 256;
/** Candidates taken from a peer for one connection. */
export const CANDIDATES_MAX = 64;
/** Signals kept while the PeerJS code is still loading. */
export const EARLY_SIGNALS_MAX = 1024;
