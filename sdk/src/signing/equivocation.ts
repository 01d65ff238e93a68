/** When two signed batches contradict each other, and the proof of it that anybody can check without having been there. */
import type { PeerId } from '../base/peer-id.js';
import { type BatchSpan, decodeBatch, type InputBatch, spanFrames } from '../wire/signed-batch.js';
import { decodeProof } from '../wire/signing-messages.js';
import { sameBytes, verifyBatch } from './input-signer.js';

/** Where two batches of one key contradict each other. */
export interface Contradiction {
  /** -1 if they have one number in the chain and differ in something else than inputs. */
  readonly slot: number;
  readonly frame: number;
}

/**
 * What two different batches of one peer in one match prove: an honest one gives each number of its chain once, and each frame
 * of a slot (in one epoch) one input.
 */
export function contradiction(first: InputBatch, second: InputBatch): Contradiction | undefined {
  if (first.matchId !== second.matchId || first.peer !== second.peer || !sameBytes(first.key, second.key))
    return undefined;
  if (first.cellBytes === second.cellBytes) {
    for (const left of first.spans) {
      for (const right of second.spans) {
        const frame = firstDifference(left, right, first.cellBytes);
        if (frame !== undefined) return { slot: left.slot, frame };
      }
    }
  }
  return first.sequence === second.sequence ? { slot: -1, frame: 0 } : undefined;
}

function firstDifference(left: BatchSpan, right: BatchSpan, cellBytes: number): number | undefined {
  if (left.slot !== right.slot || left.epoch !== right.epoch) return undefined;
  const last = Math.min(left.first + spanFrames(left, cellBytes), right.first + spanFrames(right, cellBytes));
  for (let frame = Math.max(left.first, right.first); frame < last; frame += 1) {
    if (!sameBytes(cellAt(left, frame, cellBytes), cellAt(right, frame, cellBytes))) return frame;
  }
  return undefined;
}

function cellAt({ first, cells }: BatchSpan, frame: number, cellBytes: number): Uint8Array {
  return cells.subarray((frame - first) * cellBytes, (frame - first + 1) * cellBytes);
}

/** What a proof proves, or why it proves nothing. */
export type EquivocationVerdict =
  | {
      readonly ok: true;
      /** Whom the key says it belongs to. Compare the key with that peer's: anybody can sign in anybody's name with a key of his own. */
      readonly culprit: PeerId;
      /** The key that signed both. */
      readonly publicKey: Uint8Array;
      readonly matchId: string;
      readonly slot: number;
      readonly frame: number;
    }
  | {
      readonly ok: false;
      /** 'malformed': no proof. 'no-contradiction': both may be true. 'bad-signature': not signed by one key. 'other-key': not by the expected one. */
      readonly reason: 'malformed' | 'no-contradiction' | 'bad-signature' | 'other-key';
    };

/**
 * Checks a proof of equivocation, with nothing but WebCrypto: offline, in a browser or in Node.
 * @param publicKey the culprit's key, as the match told it (`match.signing`). Without it the caller has to compare.
 */
export async function verifyEquivocation(
  proof: Uint8Array,
  publicKey?: Uint8Array,
): Promise<EquivocationVerdict> {
  const pair = decodeProof(proof);
  const [first, second] = pair?.map(({ bytes }) => decodeBatch(bytes)) ?? [];
  if (pair === undefined || first === undefined || second === undefined)
    return { ok: false, reason: 'malformed' };
  const [left, right] = pair;
  const found = sameBytes(left.bytes, right.bytes) ? undefined : contradiction(first, second);
  if (found === undefined) return { ok: false, reason: 'no-contradiction' };
  const { key, peer, matchId } = first;
  if (publicKey !== undefined && !sameBytes(publicKey, key)) return { ok: false, reason: 'other-key' };
  for (const { signature, bytes } of pair)
    if (!(await verifyBatch(key, signature, bytes))) return { ok: false, reason: 'bad-signature' };
  return { ok: true, culprit: peer, publicKey: key, matchId, ...found };
}
