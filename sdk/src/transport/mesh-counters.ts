/** What arrived and was dropped. Foreign bytes never become exceptions; they become numbers here. */

/** Counts since the mesh was made. */
export interface MeshCounters {
  /** Signals that are none: wrong shape, too long, not a data-channel description. */
  readonly malformedSignals: number;
  /** Well-formed signals nobody waits for: a second answer, a candidate of a closed connection, an offer from the wrong side. */
  readonly unexpectedSignals: number;
  /** Signals of ours that the signal channel refused. */
  readonly unsentSignals: number;
  /** Descriptions and candidates that the browser refused. */
  readonly negotiationFailures: number;
  /** Messages that are empty, text, or came before the peer may send. */
  readonly malformedMessages: number;
  /** Messages above the limit of their channel. */
  readonly oversizedMessages: number;
  /** Mesh messages of a kind this version does not know. */
  readonly unknownMeshMessages: number;
  /** Data channels that a peer opened beside the agreed ones. */
  readonly foreignChannels: number;
}

/** The same, while counting. */
export type MutableMeshCounters = { -readonly [K in keyof MeshCounters]: number };

/** All zero. */
export function createMeshCounters(): MutableMeshCounters {
  return {
    malformedSignals: 0,
    unexpectedSignals: 0,
    unsentSignals: 0,
    negotiationFailures: 0,
    malformedMessages: 0,
    oversizedMessages: 0,
    unknownMeshMessages: 0,
    foreignChannels: 0,
  };
}
