/** The queue of events: order, ties, time that never goes back. */
import fc from 'fast-check';
import { usOf, VirtualClock } from 'rollmesh/simulator';

test('events run in the order of their times, and equal times in the order of scheduling', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (times) => {
      const clock = new VirtualClock();
      const ran: { readonly at: number; readonly index: number }[] = [];
      for (const [index, at] of times.entries())
        clock.schedule(at, () => ran.push({ at: clock.nowUs, index }));
      clock.runUntil(20);
      const expected = times
        .map((at, index) => ({ at, index }))
        .sort((left, right) => left.at - right.at || left.index - right.index);
      expect(ran).toEqual(expected);
      expect(clock.pendingCount).toBe(0);
    }),
  );
});

test('an event may schedule more events, and those due within the time asked for still run', () => {
  const clock = new VirtualClock();
  const ran: number[] = [];
  const again = (): void => {
    ran.push(clock.nowUs);
    clock.scheduleIn(10, again);
  };
  clock.schedule(5, again);
  clock.runUntil(40);
  expect(ran).toEqual([5, 15, 25, 35]);
  expect(clock.nowUs).toBe(40);
  expect(clock.pendingCount).toBe(1);
});

test('a time that has passed means now, and time never goes back', () => {
  const clock = new VirtualClock();
  clock.runUntil(usOf(2.5));
  let ranAt = -1;
  clock.schedule(7, () => {
    ranAt = clock.nowUs;
  });
  clock.runUntil(100);
  expect(ranAt).toBe(-1);
  expect(clock.runNext()).toBe(true);
  expect(ranAt).toBe(2500);
  expect(clock.nowMs).toBe(2.5);
  expect(clock.runNext()).toBe(false);
});

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('a time of %p is refused', (timeUs) => {
  expect(() => new VirtualClock().schedule(timeUs, () => {})).toThrow('whole microseconds');
});
