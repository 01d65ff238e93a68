/** The membership of one voter of a match, with packets, time and the view change in the test's hands. */
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import { Membership } from '../../../sdk/src/session/membership.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';
import type { WantedView } from '../../../sdk/src/session/view-attempt.js';
import type { ViewChange } from '../../../sdk/src/session/view-change.js';

/** Peer 0 of `peerCount` with a slot each: late after 250 ms, lost after 3 s. */
export interface MembershipScene {
  readonly membership: Membership;
  readonly clock: MatchClock;
  /** The others, from index 1 on. */
  readonly remotes: readonly RemotePeer[];
  /** What the view change is asked for, newest last. */
  readonly asked: WantedView[];
  readonly viewChange: ViewChange;
}

/** How a scene differs from the usual. */
export interface SceneOptions {
  /** Default true. */
  readonly substitutes?: boolean;
  /** Everybody holds our inputs. Default false. */
  readonly holdsOurs?: boolean;
}

/** Everybody was heard at time 0. */
export function membershipScene(
  peerCount: number,
  { substitutes = true, holdsOurs = false }: SceneOptions = {},
): MembershipScene {
  const clock = new MatchClock({ nowMs: 0, framesPerSecond: 60, peerCount, windowFrames: 8 });
  const shape = { matchKey: 1, senderSlots: 1, cellBytes: 1, vectorLength: peerCount };
  const remotes = Array.from({ length: peerCount - 1 }, (_, at) => {
    const index = at + 1;
    return new RemotePeer(`p${index}`, index, [new SlotLog(index, index, 1)], shape, 0);
  });
  const asked: WantedView[] = [];
  const viewChange = {
    busy: false,
    advance: (wanted: WantedView) => {
      asked.push({ ...wanted });
      return true;
    },
  } as unknown as ViewChange;
  const nothing = (): void => {};
  const membership = new Membership({
    selfVote: () => 1,
    remotes,
    clock,
    ...{ lostAfterMs: 3000, lateAfterMs: 250, onLost: 'vacate', substitutes },
    holdsOurs: () => holdsOurs,
    events: {
      late: nothing,
      back: nothing,
      watcherLeft: nothing,
      watcherBack: nothing,
      moved: nothing,
      gaveUp: nothing,
    },
  });
  return { membership, clock, remotes, asked, viewChange };
}
