/** What went wrong, in the words of a player: a headline, what it means, and what to do. */
import { SdkError } from 'rollmesh';

/** One trouble as a screen shows it. */
export interface Trouble {
  readonly title: string;
  readonly text: string;
  /** Trying the same again may help. */
  readonly retry: boolean;
}

/** Puts an error of the SDK (or any other) into words. `code` is the room code that was tried, if any. */
export function inWords(error: unknown, code?: string): Trouble {
  if (!(error instanceof SdkError)) {
    return { title: 'Something broke', text: 'Reload the page and try again.', retry: false };
  }
  const room = code === undefined ? 'That room' : `Room ${code.toUpperCase()}`;
  switch (error.code) {
    case 'room-not-found':
      return {
        title: 'No such room',
        text: `${room} does not exist. Check the code with whoever sent it, or create a new room: a room ends soon after its last player has left.`,
        retry: false,
      };
    case 'room-full':
      return {
        title: 'The room is full',
        text: `${room} already has its eight players. Wait until somebody leaves, or create another room.`,
        retry: true,
      };
    case 'version-mismatch':
      return {
        title: 'Time for a reload',
        text: 'This page is older or newer than the game server. Reload it to get the current version.',
        retry: false,
      };
    case 'incompatible':
      return {
        title: 'Two versions of Rumble',
        text: 'Somebody in the room has another version of the game open. Everybody reload the page, then meet again.',
        retry: false,
      };
    case 'lobby-unreachable':
    case 'lobby-closed':
      return {
        title: 'The lobby does not answer',
        text: 'Friends cannot be found without it. Check your internet connection and try again. Practice works all the same.',
        retry: true,
      };
    case 'start-timeout':
    case 'link-failed':
      return { title: 'Not everybody got through', text: startFailure(error), retry: true };
    case 'rate-limited':
      return {
        title: 'Not so fast',
        text: `The lobby asks for a break${seconds(error.retryAfterMs)}. Then try again.`,
        retry: true,
      };
    case 'unsupported-browser':
      return {
        title: 'This browser cannot play',
        text: 'It has no WebRTC. A current Chrome, Edge, Firefox or Safari can.',
        retry: false,
      };
    case 'not-in-room':
      return { title: 'The room is gone', text: 'Create a new one, or join another.', retry: false };
    default:
      return { title: 'That did not work', text: error.message, retry: true };
  }
}

/** The SDK's message names who is missing; it reads well enough to be shown. */
function startFailure(error: SdkError): string {
  return error.message.replace(/^The match did not start within \d+ seconds\. /, '');
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : ` of ${Math.max(1, Math.ceil(ms / 1000))} s`;
}
