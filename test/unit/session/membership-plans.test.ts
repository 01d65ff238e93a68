/** What is planned, and what is asked of the view change while somebody seems late. */
import type { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { NO_FRAME, type SlotLog } from '../../../sdk/src/session/slot-log.js';
import type { WantedView } from '../../../sdk/src/session/view-attempt.js';
import type { WantedPlan } from '../../../sdk/src/session/view-host.js';
import { NO_PLAN } from '../../../sdk/src/wire/view-body.js';
import { membershipScene } from './membership-scene.js';

const PLAN: WantedPlan = { ...NO_PLAN, removed: 0, pace: 'pause' };

/** One voter among three: the last one has been silent since `silentMs` ago. */
function sceneOf(silentMs: number) {
  const { membership, clock, remotes, asked, viewChange } = membershipScene(3, { holdsOurs: true });
  let nowMs = 0;
  const checkAt = (ms: number, plan: WantedPlan | undefined): WantedView | undefined => {
    // A caller that pauses for long is taken for asleep.
    for (; nowMs < ms; nowMs += 50) {
      clock.waitTo(nowMs);
      membership.check(viewChange, undefined);
    }
    clock.waitTo(ms);
    (remotes[0] as RemotePeer).lastHeardMs = ms;
    (remotes[1] as RemotePeer).lastHeardMs = ms - silentMs;
    asked.length = 0;
    membership.check(viewChange, plan);
    return asked[0];
  };
  /** The match waits for the last one, which is heard and brings nothing, until then. */
  const waitUntil = (ms: number): void => {
    const remote = remotes[1] as RemotePeer;
    remote.bringsNothing = true;
    for (; nowMs < ms; nowMs += 50) {
      clock.waitTo(nowMs);
      membership.noteWaiting(true, 0, NO_FRAME);
    }
  };
  return { membership, checkAt, waitUntil, slow: remotes[1] as RemotePeer, other: remotes[0] as RemotePeer };
}

test('a plan does not keep a late peer from being substituted', () => {
  expect(sceneOf(400).checkAt(1000, PLAN)).toMatchObject({ late: 0b100, plan: PLAN });
});

test('after somebody that hears the late one said so, the plan comes first for a second', () => {
  const { membership, checkAt } = sceneOf(400);
  expect(checkAt(1000, PLAN)).toMatchObject({ late: 0b100 });
  membership.denied(0b100, 1000);
  expect(checkAt(1500, PLAN)).toMatchObject({ lateSuspects: 0, late: 0, plan: PLAN });
  // With nothing else to agree on, the late one is asked about again.
  expect(checkAt(1600, undefined)).toMatchObject({ late: 0b100 });
  expect(checkAt(2100, PLAN)).toMatchObject({ late: 0b100, plan: PLAN });
});

test('a peer that brings nothing is late when the match has waited for it for long', () => {
  const { checkAt, waitUntil } = sceneOf(0);
  waitUntil(250);
  expect(checkAt(250, PLAN)?.late).toBe(0);
  waitUntil(600);
  expect(checkAt(600, PLAN)?.late).toBe(0b100);
});

test('while an agreement takes none of its inputs, the match does not wait for the peer', () => {
  const { checkAt, waitUntil, slow } = sceneOf(0);
  (slow.logs[0] as SlotLog).limit = 0;
  waitUntil(2000);
  expect(checkAt(2000, PLAN)?.late).toBe(0);
});

test('a peer whose substitution was rejected is late only when the match has waited for as long again', () => {
  const { membership, checkAt, waitUntil } = sceneOf(0);
  waitUntil(600);
  membership.denied(0b100, 600);
  expect(checkAt(600, undefined)).toBeUndefined();
  waitUntil(800);
  expect(checkAt(800, undefined)).toBeUndefined();
  waitUntil(1000);
  expect(checkAt(1000, undefined)?.late).toBe(0b100);
});

test('when one of three has said goodbye, the two that are left substitute nobody', () => {
  const { checkAt, other } = sceneOf(400);
  other.noteGoodbye(0, 0);
  expect(checkAt(1000, undefined)).toMatchObject({ suspects: 0b010, lost: 0b010, lateSuspects: 0, late: 0 });
});
