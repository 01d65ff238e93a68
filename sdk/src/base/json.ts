/** Plain JSON values: their types, a canonical text (equal values, equal text), depth-limited freezing. */
import { SdkError } from './errors.js';

/** A value that JSON can carry. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * JSON text with sorted keys: equal values have equal text on every peer.
 * @throws {SdkError} `invalid-argument` for what JSON cannot carry exactly (undefined, NaN, functions, class
 * instances, cycles, more than 32 levels); the message names the path.
 */
export function canonicalJson(value: unknown, path = 'value', depth = 0): string {
  if (depth > 32)
    throw new SdkError(
      'invalid-argument',
      `${path} is nested more than 32 levels deep or refers to itself. Flatten it.`,
    );
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new SdkError(
        'invalid-argument',
        `${path} is ${value}, which JSON cannot carry. Use a finite number or null.`,
      );
    return JSON.stringify(value);
  }
  // Array.from sees the holes that map skips.
  if (Array.isArray(value))
    return `[${Array.from(value, (item, index) => canonicalJson(item, `${path}[${index}]`, depth + 1)).join(',')}]`;
  if (
    typeof value === 'object' &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  ) {
    const record = value as Record<string, unknown>;
    const parts = Object.keys(record)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key], `${path}.${key}`, depth + 1)}`);
    return `{${parts.join(',')}}`;
  }
  throw new SdkError(
    'invalid-argument',
    `${path} is a ${typeof value === 'object' ? 'class instance' : typeof value}, which is not plain JSON. Use objects, arrays, strings, numbers, booleans and null.`,
  );
}

/** Freezes a JSON value and everything inside it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
