/** Turns a remote peer's record into the public statistics. */
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import type { PeerStats } from './session-types.js';

/** Statistics of one peer. */
export function peerStats(remote: RemotePeer, clock: MatchClock): PeerStats {
  const { adjustment, frameMs } = clock;
  const { known, roundTrip } = remote.clock;
  return {
    peer: remote.peer,
    rttMs: Number.isFinite(roundTrip) ? roundTrip * frameMs : Math.max(0, remote.helloRttMs),
    jitterMs: remote.clock.jitter * frameMs,
    lossPerMille: Math.round(remote.lossPerMille),
    framesAhead: known ? remote.clock.lead(adjustment) : 0,
    bytesSentPerSecond: remote.rates.bytesSent,
    bytesReceivedPerSecond: remote.rates.bytesReceived,
    packetsSentPerSecond: remote.rates.packetsSent,
    packetsReceivedPerSecond: remote.rates.packetsReceived,
    malformed: remote.malformed,
  };
}
