/** Time that a peer stood still, however many stalls it took. */
import { StallTimes } from '../../sdk/src/simulator/stall-times.js';

test('stalls are added up as far as they lie in the asked time, one that goes on up to its end', () => {
  const times = new StallTimes();
  times.ended(5);
  times.began(10);
  times.began(12);
  times.ended(30);
  times.began(50);
  times.ended(60);
  expect([times.within(0, 100), times.within(20, 55), times.within(30, 50)]).toEqual([30, 15, 0]);
  times.began(90);
  expect([times.within(0, 100), times.within(95, 97)]).toEqual([40, 2]);
});
