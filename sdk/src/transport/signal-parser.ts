/** Checks signals from other members before PeerJS or the browser sees them. Total: it never throws. */
import {
  CANDIDATE_LENGTH_MAX,
  CANDIDATES_MAX,
  SDP_LENGTH_MAX,
  SIGNAL_WORD_LENGTH_MAX,
} from './link-limits.js';
import type { Signal } from './signal-channel.js';

/**
 * The signal in `value`, with its known fields only, or `undefined` for anything else: a wrong type, an unknown
 * kind, a text that is too long, a session description that is not exactly one data-channel section.
 */
export function parseSignal(value: unknown): Signal | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, connectionId } = value as { readonly kind?: unknown; readonly connectionId?: unknown };
  if (!isWord(connectionId) || connectionId.length === 0) return undefined;
  switch (kind) {
    case 'offer':
    case 'answer': {
      const { sdp } = value as { readonly sdp?: unknown };
      return isDataDescription(sdp) ? { kind, connectionId, sdp } : undefined;
    }
    case 'candidate':
      return parseCandidate(value, connectionId);
    case 'end':
      return { kind, connectionId };
    default:
      return undefined;
  }
}

function parseCandidate(value: object, connectionId: string): Signal | undefined {
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = value as Readonly<Record<string, unknown>>;
  if (typeof candidate !== 'string' || candidate.length === 0) return undefined;
  if (candidate.length > CANDIDATE_LENGTH_MAX || /[\r\n]/.test(candidate)) return undefined;
  if (sdpMid !== null && !isWord(sdpMid)) return undefined;
  if (usernameFragment !== null && !isWord(usernameFragment)) return undefined;
  // There is one media section, so any other index is an error the browser would only report later.
  if (sdpMLineIndex !== null && sdpMLineIndex !== 0) return undefined;
  if (sdpMid === null && sdpMLineIndex === null) return undefined;
  return { kind: 'candidate', connectionId, candidate, sdpMid, sdpMLineIndex, usernameFragment };
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.length <= SIGNAL_WORD_LENGTH_MAX;
}

/** One `m=application` section and nothing else: no microphone is opened, no port bundled, by a forged offer. */
function isDataDescription(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > SDP_LENGTH_MAX) return false;
  const sections = value.match(/^m=.*$/gm) ?? [];
  const candidates = value.match(/^a=candidate:/gm) ?? [];
  return sections.length === 1 && /^m=application /m.test(value) && candidates.length <= CANDIDATES_MAX;
}
