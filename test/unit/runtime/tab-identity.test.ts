/** Who a tab is after a reload. */
import { claimPeerId, keepIdentity, recallIdentity } from '../../../sdk/src/runtime/tab-identity.js';

const id = 'abcdefghijklmnopqrstuvwxyz';
const identity = { peer: id, token: 'a-token' };

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
  expect(recallIdentity('bounce')).toBeUndefined();
  const release = claimPeerId(id);
  keepIdentity('bounce', identity);
  expect(recallIdentity('bounce')).toBeUndefined();
  release();
  expect(recallIdentity('bounce')).toEqual(identity);
  expect(recallIdentity('other')).toBeUndefined();
});

test('what an older version kept, an id alone, is still understood', () => {
  const storage = storageOf();
  withStorage(() => storage);
  storage.setItem('rollmesh:peer:bounce', id);
  expect(recallIdentity('bounce')).toEqual({ peer: id, token: '' });
});

test('what is no peer id is not taken for one', () => {
  const storage = storageOf();
  withStorage(() => storage);
  for (const text of ['', 'ABC', `${id}a`, '{}']) {
    keepIdentity('bounce', { peer: text, token: 'a-token' });
    expect(recallIdentity('bounce')).toBeUndefined();
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
  expect(() => keepIdentity('bounce', identity)).not.toThrow();
  expect(recallIdentity('bounce')).toBeUndefined();
});
