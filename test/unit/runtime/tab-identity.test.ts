/** Who a tab is after a reload. */
import { leavePeerId, takePeerId } from '../../../sdk/src/runtime/tab-identity.js';

const id = 'abcdefghijklmnopqrstuvwxyz';

/** A tab's storage; `full` refuses to keep anything. */
function storageOf(full = false): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => {
      if (full) throw new DOMException('full', 'QuotaExceededError');
      kept.set(key, value);
    },
    removeItem: (key) => void kept.delete(key),
  };
}

function withStorage(get: () => unknown): void {
  Object.defineProperty(globalThis, 'sessionStorage', { get, configurable: true });
}

afterEach(() => {
  withStorage(() => undefined);
});

test('the page that comes after gets the id, once: a duplicated tab must not', () => {
  const storage = storageOf();
  withStorage(() => storage);
  expect(takePeerId('bounce')).toBeUndefined();
  leavePeerId('bounce', id);
  expect(takePeerId('other')).toBeUndefined();
  expect(takePeerId('bounce')).toBe(id);
  expect(takePeerId('bounce')).toBeUndefined();
});

test('what is no peer id is not taken for one', () => {
  const storage = storageOf();
  withStorage(() => storage);
  for (const text of ['', 'ABC', `${id}a`, '{}']) {
    leavePeerId('bounce', text);
    expect(takePeerId('bounce')).toBeUndefined();
  }
});

test.each([
  ['absent', () => undefined],
  ['full', () => storageOf(true)],
  [
    'forbidden',
    () => {
      throw new DOMException('denied', 'SecurityError');
    },
  ],
])('with a storage that is %s a page is a new player', (_name, get) => {
  withStorage(get);
  expect(() => leavePeerId('bounce', id)).not.toThrow();
  expect(takePeerId('bounce')).toBeUndefined();
});
