/** `simulate()`: one match of a game under a network and faults, in virtual time, checked at every step. */
import { createSession } from '../session/session.js';
import { planMatch } from './match-plan.js';
import type { PeerReport, SimulateOptions, SimulationReport } from './simulate-types.js';
import { SimulatedMatch } from './simulated-match.js';
import type { NodeStatus, SessionFactory, SimulatedNode } from './simulated-node.js';

/**
 * Plays a match between `peers` sessions and checks, at every step of each, that they agree, never retract what they
 * confirmed, keep their bounds and recover. The same options give the same report, on any machine.
 * @throws {SdkError} `invalid-argument` for an option that is out of range; what a session or the game does is reported.
 */
export function simulate<S, I>(options: SimulateOptions<S, I>): SimulationReport {
  return simulateWith(options, createSession);
}

/**
 * {@link simulate} with another maker of sessions: how the checkers themselves are tested.
 * @throws {SdkError} `invalid-argument` for an option that is out of range.
 */
export function simulateWith<S, I>(
  options: SimulateOptions<S, I>,
  sessionFactory: SessionFactory,
): SimulationReport {
  const match = new SimulatedMatch(options, planMatch(options), sessionFactory);
  match.run();
  return reportOf(match);
}

function reportOf<S, I>(match: SimulatedMatch<S, I>): SimulationReport {
  const { plan, nodes, oracle, violations, desyncs, trace, clock } = match;
  const stats = nodes.map(peerReport);
  const playing = stats.filter((one) => one.status === 'playing');
  const sum = (pick: (one: PeerReport) => number): number =>
    stats.reduce((total, one) => total + pick(one), 0);
  return {
    ok: violations.found.length === 0 && desyncs.length === 0,
    seed: plan.seed,
    peers: plan.peers.length,
    durationMs: clock.nowMs,
    violations: violations.found,
    desyncs,
    determinismWarnings: match.determinismWarnings,
    rollbacks: sum((one) => one.rollbacks),
    rollbackFramesMax: Math.max(...stats.map((one) => one.rollbackFramesMax)),
    stalls: sum((one) => one.stalls),
    framesConfirmed: playing.length === 0 ? 0 : Math.min(...playing.map((one) => one.frameConfirmed)),
    stats,
    coverage: {
      network: match.network.counts(),
      faults: match.faults.counts,
      messages: match.network.messageCounts(),
      framesCompared: oracle.framesCompared,
      framesReferenced: oracle.framesReferenced,
      deepFrames: nodes.reduce((total, node) => total + node.watch.counts.deepFrames, 0),
      departures: match.membership.departures,
      substitutions: match.membership.substitutions,
      returns: match.membership.returns,
      joined: match.joined,
      seated: match.seated,
      pauses: match.pauses.pauses,
      inputBits: Array.from(
        match.oracle.bitsSet,
        (byte, index) => byte & (match.oracle.bitsClear[index] as number),
      ),
      forked: match.membership.hasForked,
      lies: match.liars.reduce((total, liar) => total + liar.lies, 0),
      effects: match.effects,
      effectsRetracted: match.effectsRetracted,
    },
    trace: { hash: trace.hash, lines: trace.lines },
  };
}

/** What a node's status is called in a report. */
const STATUS_NAMES: { readonly [S in NodeStatus]: PeerReport['status'] } = {
  waiting: 'absent',
  running: 'playing',
  frozen: 'playing',
  left: 'left',
  ended: 'ended',
  gone: 'crashed',
};

function peerReport<S, I>(node: SimulatedNode<S, I>): PeerReport {
  const { index, session, watch, stalls, stallMsMax, status } = node;
  const { rollbacks, rollbackFrames, rollbackFramesMax } = watch.counts;
  return {
    peer: index,
    status: STATUS_NAMES[status],
    phase: session?.phase ?? 'handshake',
    frameCurrent: session?.frameCurrent ?? 0,
    frameConfirmed: session?.frameConfirmed ?? 0,
    rollbacks,
    rollbackFrames,
    rollbackFramesMax,
    stalls,
    stallMsMax,
  };
}
