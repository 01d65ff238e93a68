/** Turns what a session counts into the public statistics. */
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import type { PeerStats, SessionStats } from './session-types.js';
import type { SessionCounters } from './stall-meter.js';

/** Everything measured so far. Former members are left out. */
export function sessionStats(
  remotes: readonly RemotePeer[],
  clock: MatchClock,
  own: SessionCounters & { readonly inputDelayFrames: number },
): SessionStats {
  return {
    ...own,
    peers: remotes.filter((remote) => remote.member).map((remote) => peerStats(remote, clock)),
    framesAhead: clock.lead,
    pace: clock.pace,
  };
}

function peerStats(remote: RemotePeer, clock: MatchClock): PeerStats {
  const { adjustment, frameMs } = clock;
  const { known, roundTrip } = remote.clock;
  return {
    peer: remote.peer,
    rttMs: Number.isFinite(roundTrip) ? roundTrip * frameMs : Math.max(0, remote.helloRttMs),
    jitterMs: remote.clock.jitter * frameMs,
    inputDelayFrames: remote.delayFrames,
    lossPerMille: Math.round(remote.lossPerMille),
    framesAhead: known ? remote.clock.lead(adjustment) : 0,
    bytesSentPerSecond: remote.rates.bytesSent,
    bytesReceivedPerSecond: remote.rates.bytesReceived,
    packetsSentPerSecond: remote.rates.packetsSent,
    packetsReceivedPerSecond: remote.rates.packetsReceived,
    malformed: remote.malformed,
    flooded: remote.flooded,
  };
}
