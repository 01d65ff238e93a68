/** Who came in and has no slots reminds the members of it; what it reminds them of. */
import { SeatSeeker } from '../../../sdk/src/session/seat-seeker.js';
import { NO_OWNER, SlotLog } from '../../../sdk/src/session/slot-log.js';
import { decodeJoin, type Join } from '../../../sdk/src/wire/join-messages.js';

function seekerOf(session: { slotCount?: number; join?: boolean }, owned: readonly number[] = []) {
  const logs = [0, 1, 2].map((slot) => new SlotLog(slot, owned.includes(slot) ? 2 : NO_OWNER, 1));
  const ownLogs: SlotLog[] = [];
  const said: [string, Join | undefined][] = [];
  const seeker = new SeatSeeker({
    session: { matchId: 'm', ...session },
    setup: {
      selfIndex: 2,
      logs,
      ownLogs,
      agreement: { match: 1, game: 2, version: 3, schema: 4, config: 5 },
    },
    remotes: [
      { peer: 'a', member: true },
      { peer: 'b', member: false },
      { peer: 'd', member: true },
    ],
    send: (to, bytes) => said.push([to, decodeJoin(bytes)]),
  });
  return { seeker, ownLogs, logs, said };
}

/** Runs it for so long as a session does. */
function runTo(seeker: SeatSeeker, endMs: number): void {
  for (let nowMs = 0; nowMs <= endMs; nowMs += 16) if (seeker.isSeeking) seeker.advance(nowMs);
}

test('all members are told once a second, with the number it came in by', () => {
  const { seeker, said } = seekerOf({ slotCount: 2 });
  seeker.start(77);
  runTo(seeker, 3100);
  expect(said.map(([to]) => to)).toEqual(['a', 'd', 'a', 'd', 'a', 'd']);
  for (const [, join] of said)
    expect(join).toMatchObject({ nonce: 77, slotsWanted: 2, game: 2, version: 3, schema: 4 });
});

test('who was there from the start, has its slots or wants none says nothing', () => {
  const founder = seekerOf({});
  runTo(founder.seeker, 3000);
  const seated = seekerOf({ join: true });
  seated.seeker.start(77);
  seated.ownLogs.push(seated.logs[0] as SlotLog);
  runTo(seated.seeker, 3000);
  const watcher = seekerOf({ slotCount: 0, join: true });
  watcher.seeker.start(77);
  runTo(watcher.seeker, 3000);
  expect([...founder.said, ...seated.said, ...watcher.said]).toEqual([]);
});

test.each<[string, { slotCount?: number; join?: boolean }, readonly number[], number]>([
  ['a newcomer wants one', { join: true }, [], 1],
  ['one that comes back wants as many as it had', {}, [0, 1], 2],
  ['a watcher that comes back wants none', {}, [], 0],
  ['what the application said counts before all', { slotCount: 1 }, [0, 1], 1],
])('without a word on it, %s', (_name, session, owned, wanted) => {
  expect(seekerOf(session, owned).seeker.slotsWanted).toBe(wanted);
});
