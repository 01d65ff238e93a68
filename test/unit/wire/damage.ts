/** Ways to damage a message, for tests of what a decoder makes of it. */
import fc from 'fast-check';

/** A byte is changed, one comes in between, or the end is missing. */
export interface Damage {
  readonly how: 'cut' | 'insert' | 'replace' | 'flip';
  /** Anything: taken modulo the bytes that may be damaged. */
  readonly place: number;
  readonly value: number;
}

/** Any damage of these kinds, with these bytes. */
export function damages(
  how: readonly Damage['how'][] = ['cut', 'insert', 'replace'],
  value: fc.Arbitrary<number> = fc.nat(255),
): fc.Arbitrary<Damage> {
  return fc.record({ how: fc.constantFrom(...how), place: fc.nat(), value });
}

/** A damaged copy; the `intact` first bytes stay. */
export function damagedCopy(bytes: Uint8Array, { how, place, value }: Damage, intact = 0): Uint8Array {
  const at = intact + (place % (bytes.length - intact));
  if (how === 'cut') return bytes.slice(0, at);
  if (how === 'insert') return Uint8Array.from([...bytes.slice(0, at), value, ...bytes.slice(at)]);
  const changed = bytes.slice();
  changed[at] = how === 'replace' ? value : (bytes[at] as number) ^ 1;
  return changed;
}
