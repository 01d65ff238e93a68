/** Who a tab is after a reload. */
import { claimPeerId, keepPeerId, recallPeerId } from '../../../sdk/src/runtime/tab-identity.js';

const id = 'abcdefghijklmnopqrstuvwxyz';

/** A tab's storage; `full` refuses to keep anything. */
function storageOf(full = false): Pick<Storage, 'getItem' | 'setItem'> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => {
      if (full) throw new DOMException('full', 'QuotaExceededError');
      kept.set(key, value);
    },
  };
}

function withStorage(get: () => unknown): void {
  Object.defineProperty(globalThis, 'sessionStorage', { get, configurable: true });
}

afterEach(() => {
  withStorage(() => undefined);
});

test('the page that comes after gets the id, unless a lobby of the same page has it', () => {
  const storage = storageOf();
  withStorage(() => storage);
  expect(recallPeerId('bounce')).toBeUndefined();
  const release = claimPeerId(id);
  keepPeerId('bounce', id);
  expect(recallPeerId('bounce')).toBeUndefined();
  release();
  expect(recallPeerId('bounce')).toBe(id);
  expect(recallPeerId('other')).toBeUndefined();
});

test('what is no peer id is not taken for one', () => {
  const storage = storageOf();
  withStorage(() => storage);
  for (const text of ['', 'ABC', `${id}a`, '{}']) {
    keepPeerId('bounce', text);
    expect(recallPeerId('bounce')).toBeUndefined();
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
  expect(() => keepPeerId('bounce', id)).not.toThrow();
  expect(recallPeerId('bounce')).toBeUndefined();
});
