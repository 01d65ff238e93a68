/** Where the inputs of a packet begin, for one that acknowledges nothing: never again what it has by others, never what is forgotten. */
import { LOG_FRAMES_KEPT, PACKET_FRAMES_MAX } from '../../../sdk/src/base/limits.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { firstFrameBehind } from '../../../sdk/src/session/send-range.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';

const NEWEST = 5000;
/** First frame of the last packet that there can be. */
const LATEST = NEWEST - PACKET_FRAMES_MAX + 1;

/** To a player, or to one that only watches, which acknowledged `acked` and is known to hold `held` of our slots. */
function first(acked: number, held: readonly number[], isPlayer = true): [number, boolean] {
  const shape = { matchKey: 1, senderSlots: 1, cellBytes: 1, vectorLength: 3 };
  const to = new RemotePeer('b', 1, isPlayer ? [new SlotLog(9, 1, 1)] : [], shape, 0);
  to.acked = acked;
  const own = held.map((_, slot) => new SlotLog(slot, 0, 1));
  return [firstFrameBehind(to, Int32Array.from(held), own, NEWEST), to.isDeaf];
}

test('who has nothing from others is sent what follows its acknowledgement', () => {
  expect(first(4000, [4000])).toEqual([4001, false]);
  expect(first(4000, [LATEST - 2])).toEqual([4001, false]);
});

test('who has by others what is before the last packet is sent that one alone', () => {
  expect(first(4000, [LATEST - 1])).toEqual([LATEST, false]);
  expect(first(4000, [NEWEST])).toEqual([LATEST, false]);
  // All of our slots count: a packet has them all.
  expect(first(4000, [NEWEST, 4500])).toEqual([4001, false]);
  expect(first(4000, [4500, NEWEST])).toEqual([4001, false]);
});

test('what is no longer kept is not sent: the newest is, and a watcher that can only have lost it is deaf', () => {
  const oldest = NEWEST - LOG_FRAMES_KEPT;
  expect(first(oldest, [oldest], false)).toEqual([oldest + 1, false]);
  expect(first(oldest - 1, [oldest - 1], false)).toEqual([LATEST, true]);
  // It has what we no longer keep by others.
  expect(first(oldest - 1, [oldest], false)).toEqual([LATEST, false]);
  // A player is late, not deaf: that is for the view to settle.
  expect(first(oldest - 1, [oldest - 1], true)).toEqual([LATEST, false]);
});
