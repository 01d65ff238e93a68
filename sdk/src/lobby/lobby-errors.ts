/** What a refusal of the lobby server means to the person in front of the page. */
import { SdkError } from '../base/errors.js';
import {
  type ErrMessage,
  formatRoomCode,
  LOBBY_CLOSE,
  LOBBY_PROTOCOL_VERSION,
  normalizeRoomCode,
} from './lobby-protocol.js';

/** What was asked for when the server refused, for the message. */
export interface RefusedRequest {
  /** Where the lobby server is. */
  readonly url: string;
  /** Room code as the player gave it. */
  readonly code?: string;
}

const seconds = (ms: number): string => {
  const count = Math.max(1, Math.ceil(ms / 1000));
  return count === 1 ? '1 second' : `${count} seconds`;
};

function roomName(code: string | undefined): string {
  if (code === undefined) return 'The room';
  const canonical = normalizeRoomCode(code);
  return `The room ${canonical === undefined ? code : formatRoomCode(canonical)}`;
}

/** The error for a text that cannot be a room code. */
export function notARoomCode(code: string): SdkError {
  return new SdkError(
    'room-not-found',
    `"${code.slice(0, 40)}" is not a room code. Codes have 8 letters and digits, such as 7KQ2-M4XD. Check it with whoever invited you.`,
  );
}

/** Turns an `err` of the server into the error that the caller of a method gets. */
export function refusalError(reply: ErrMessage, request: RefusedRequest): SdkError {
  const wait = reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs };
  const soon = reply.retryAfterMs === undefined ? 'in a moment' : `in ${seconds(reply.retryAfterMs)}`;
  switch (reply.code) {
    case 'room-not-found':
      return new SdkError(
        'room-not-found',
        `${roomName(request.code)} was not found, or the password is wrong. Check the code; a room ends soon after its last player left.`,
      );
    case 'room-full':
      return new SdkError(
        'room-full',
        `${roomName(request.code)} is full. Wait until somebody leaves, or create another room.`,
      );
    case 'version-mismatch':
      return versionError(reply);
    case 'rate-limited':
      return new SdkError('rate-limited', `That was too often. Try again ${soon}.`, wait);
    case 'server-full':
      return new SdkError('lobby-refused', `The lobby server is full. Try again ${soon}.`, wait);
    case 'not-owner':
      return new SdkError('not-owner', 'Only the owner of the room may do that. Ask the owner to do it.');
    case 'not-in-room':
      return new SdkError('not-in-room', 'You are not in a room any more. Create one or join one first.');
    case 'already-in-room':
      return new SdkError('wrong-phase', 'You are in a room already. Leave it before entering another.');
    case 'no-players':
      return new SdkError(
        'wrong-phase',
        'There is nobody to play: all members are away or watch. Wait for them.',
      );
    case 'malformed':
    case 'too-big':
    case 'unknown-type':
    case 'invalid-field':
      return new SdkError(
        'invalid-argument',
        `The lobby server did not accept the request: ${reply.message} Correct the value named and call again.`,
      );
    default:
      return new SdkError(
        'lobby-refused',
        `The lobby server refused (${reply.code}): ${reply.message} Try again ${soon}.`,
        wait,
      );
  }
}

function versionError(reply: ErrMessage): SdkError {
  const theirs = reply.protocol?.join(', ') ?? 'another version';
  return new SdkError(
    'version-mismatch',
    `This page and the lobby server do not fit together (lobby protocol ${LOBBY_PROTOCOL_VERSION} here, ${theirs} there). Reload the page to get the current version; if that does not help, page and server must be updated together.`,
  );
}

/** The error for a lobby server that does not answer. */
export function unreachableError(url: string, cause?: unknown): SdkError {
  return new SdkError(
    'lobby-unreachable',
    `The lobby server at ${url} cannot be reached. Check the internet connection and try again; if you run the server yourself, check that it is started and that its origin list allows this page.`,
    cause === undefined ? {} : { cause },
  );
}

/** The error for a request whose answer was lost with the connection. */
export function droppedError(url: string): SdkError {
  return new SdkError(
    'lobby-unreachable',
    `The connection to the lobby server at ${url} dropped before the answer came, so it is not known whether the request was carried out. Look at the room, then try again.`,
  );
}

/** The error for anything asked of a connection that has ended. */
export function closedError(url: string, why: string): SdkError {
  return new SdkError(
    'lobby-closed',
    `The connection to the lobby server at ${url} has ended: ${why} Connect again.`,
  );
}

/** Why a close code is final; `undefined` if reconnecting makes sense. */
export function finalCloseReason(code: number): string | undefined {
  switch (code) {
    case LOBBY_CLOSE.bye:
      return 'it was closed on purpose.';
    case LOBBY_CLOSE.replaced:
      return 'another window took this player over.';
    case LOBBY_CLOSE.tooBig:
    case LOBBY_CLOSE.malformed:
      return `the server could not read what this page sent (close code ${code}).`;
    case LOBBY_CLOSE.badHello:
      return 'the server did not accept this page.';
    default:
      return undefined;
  }
}
