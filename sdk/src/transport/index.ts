/** The mesh and its contract with the rest of Rollmesh. */
export type { CandidateType } from './candidate-tally.js';
export type { ChannelFacts } from './channel-facts.js';
export { LINK_MOVES } from './link-moves.js';
export { createMesh, type Mesh, type MeshOptions } from './mesh.js';
export type { MeshCounters } from './mesh-counters.js';
export type { Signal, SignalChannel } from './signal-channel.js';
export type { LinkChannel, LinkLostReason, LinkPhase, Transport, TransportEvents } from './transport.js';
