/** The emitter: order, unsubscribing, and listeners that throw. */
import { Emitter } from '../../../sdk/src/base/emitter.js';

interface Events {
  hit: { readonly power: number };
  miss: { readonly by: number };
}

test('listeners hear their own type, in the order they subscribed', () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  emitter.on('hit', ({ power }) => heard.push(`first ${power}`));
  emitter.on('miss', ({ by }) => heard.push(`miss ${by}`));
  emitter.on('hit', ({ power }) => heard.push(`second ${power}`));
  emitter.emit('hit', { power: 3 });
  expect(heard).toEqual(['first 3', 'second 3']);
});

test('the returned function ends one subscription, and calling it again does nothing', () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  const stop = emitter.on('hit', () => heard.push('a'));
  emitter.on('hit', () => heard.push('b'));
  stop();
  stop();
  emitter.emit('hit', { power: 1 });
  expect(heard).toEqual(['b']);
});

test('a function that subscribed twice is called twice, and once when one of the two ended', () => {
  const emitter = new Emitter<Events>();
  let calls = 0;
  const listener = (): void => {
    calls += 1;
  };
  const stop = emitter.on('hit', listener);
  emitter.on('hit', listener);
  emitter.emit('hit', { power: 1 });
  expect(calls).toBe(2);
  stop();
  emitter.emit('hit', { power: 1 });
  expect(calls).toBe(3);
});

test('has tells whether somebody listens', () => {
  const emitter = new Emitter<Events>();
  expect(emitter.has('hit')).toBe(false);
  const stop = emitter.on('hit', () => {});
  expect(emitter.has('hit')).toBe(true);
  expect(emitter.has('miss')).toBe(false);
  stop();
  expect(emitter.has('hit')).toBe(false);
  emitter.on('hit', () => {});
  emitter.clear();
  expect(emitter.has('hit')).toBe(false);
});

test('a listener that throws stops no other, and its error comes out at the end', () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  emitter.on('hit', () => {
    throw new Error('first');
  });
  emitter.on('hit', () => {
    throw new Error('second');
  });
  emitter.on('hit', () => heard.push('third'));
  expect(() => emitter.emit('hit', { power: 1 })).toThrow('first');
  expect(heard).toEqual(['third']);
});

test('a thrown undefined is thrown on as well', () => {
  const emitter = new Emitter<Events>();
  emitter.on('hit', () => {
    throw undefined;
  });
  let thrown = false;
  try {
    emitter.emit('hit', { power: 1 });
  } catch {
    thrown = true;
  }
  expect(thrown).toBe(true);
});

test('a listener may subscribe and unsubscribe others while it runs', () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  const stop = emitter.on('hit', () => {
    heard.push('a');
    stop();
    emitter.on('hit', () => heard.push('late'));
  });
  emitter.on('hit', () => heard.push('b'));
  emitter.emit('hit', { power: 1 });
  expect(heard).toEqual(['a', 'b']);
  emitter.emit('hit', { power: 1 });
  expect(heard).toEqual(['a', 'b', 'b', 'late']);
});

test('emitting to nobody, and ending a subscription that was cleared, do nothing', () => {
  const emitter = new Emitter<Events>();
  emitter.emit('hit', { power: 1 });
  const stop = emitter.on('hit', () => {
    throw new Error('called');
  });
  emitter.clear();
  stop();
  emitter.emit('hit', { power: 1 });
  expect(emitter.has('hit')).toBe(false);
});
