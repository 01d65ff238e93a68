/**
 * The two error classes of Rollmesh. `SdkError` tells a caller what to change; `InvariantError` is our own bug.
 * Bytes from peers and servers never become exceptions: they are counted and dropped where they arrive.
 */

/** Every code an {@link SdkError} can carry. Each has its section in `docs/errors.md`. */
export type SdkErrorCode =
  | 'invalid-argument'
  | 'invalid-game'
  | 'invalid-state'
  | 'invalid-input'
  | 'wrong-phase'
  | 'aborted'
  | 'lobby-unreachable'
  | 'lobby-refused'
  | 'lobby-closed'
  | 'not-in-room'
  | 'room-not-found'
  | 'room-full'
  | 'room-locked'
  | 'not-owner'
  | 'version-mismatch'
  | 'rate-limited'
  | 'start-timeout'
  | 'link-failed'
  | 'incompatible'
  | 'unsupported-browser';

/** A mistake of the caller or a condition the caller must handle; `message` says what happened and what to do. */
export class SdkError extends Error {
  override readonly name = 'SdkError';
  readonly code: SdkErrorCode;
  /** For `rate-limited`: how long to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: SdkErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A broken promise inside Rollmesh itself. Please report it with the message. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an {@link InvariantError} unless `condition` holds. For our own mistakes, never for bytes from the wire. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Throws `SdkError('invalid-argument')` unless `condition` holds. For the caller's mistakes. */
export function requireArgument(condition: boolean, message: string): asserts condition {
  if (!condition) throw new SdkError('invalid-argument', message);
}
