/**
 * The messages of a view change: how the members agree on who is out or late, on the last input of each slot that ends, and
 * on what happens at a planned frame.
 * All start with kind u8, CRC u16 (match key), view id u16 (the view that is being formed), ballot (round u32, voter u8).
 * All are idempotent, so they are simply sent again until answered; no sequence numbers are needed.
 *
 *     PROPOSE   removed u32, late u32 (bit = index in peers), lead u8 (0: nothing is planned; else frames after the newest
 *               one that a voter holds up to which it may go on), completing u8 (0 or 1), n u8, n x (slot u8, last frame held u32)
 *     REPORT    limit u32 (no frame after it is confirmed or acknowledged until this is settled; 0x3fffffff: none was asked for),
 *               n u8, n x (slot u8, last frame held u32, cells after the proposer's frame), accepted u8 (0 or 1),
 *               if 1: ballot and body last accepted
 *     REJECT    hears u32 (which of the removed and the late the sender still hears), promised round u32
 *     ACCEPT    body;  COMMIT  body;  see view-body.ts
 *     ACCEPTED, ABORT   nothing more
 *
 *     FORWARD   from u8, to u8, a whole message: sent through a third peer while the direct link is broken; it has no view
 *               id and no ballot of its own
 *
 * `cells` is a length u16 and the encoding of input-cells.ts for one slot.
 */
import { CellRing } from '../base/cell-ring.js';
import { ByteReader, ByteWriter } from './byte-cursor.js';
import { packetCrc, read16, write16 } from './frame-packet.js';
import { writeCells } from './input-cells.js';
import { readBody, readHead, readSlots, type ViewBody, type ViewHead, writeBody } from './view-body.js';

/** Bytes before what the kinds differ in. */
const HEAD_BYTES = 10;
const KIND_PROPOSE = 0x83;
const KIND_REPORT = 0x84;
const KIND_REJECT = 0x85;
const KIND_ACCEPT = 0x86;
const KIND_ACCEPTED = 0x87;
/** First byte of a COMMIT. */
export const KIND_COMMIT = 0x88;
const KIND_ABORT = 0x89;
/** First byte of a {@link Forward}. */
export const KIND_FORWARD = 0x8a;

/** Number of one attempt to agree; the higher round wins, then the higher voter index. */
export interface Ballot {
  /** u32. */
  readonly round: number;
  readonly voter: number;
}

/** Negative if `left` is the lower ballot. */
export function compareBallots(left: Ballot, right: Ballot): number {
  return left.round - right.round || left.voter - right.voter;
}

/** One slot's last frame held. */
export interface HeldFrame {
  readonly slot: number;
  readonly frame: number;
}

/** One held frame of a report, with the inputs the proposer lacks. */
export interface ReportedSlot extends HeldFrame {
  readonly cells: Uint8Array;
}

/** Any message of a view change. */
export type ViewMessage = { readonly viewId: number; readonly ballot: Ballot } & (
  | {
      readonly kind: 'propose';
      readonly removed: number;
      readonly late: number;
      readonly lead: number;
      readonly completing: boolean;
      readonly held: readonly HeldFrame[];
    }
  | {
      readonly kind: 'report';
      readonly limit: number;
      readonly held: readonly ReportedSlot[];
      readonly accepted: { readonly ballot: Ballot; readonly body: ViewBody } | undefined;
    }
  | { readonly kind: 'reject'; readonly hears: number; readonly promisedRound: number }
  | { readonly kind: 'accept'; readonly body: ViewBody }
  | { readonly kind: 'commit'; readonly body: ViewBody }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'abort' }
);

const KINDS: { readonly [K in ViewMessage['kind']]: number } = {
  propose: KIND_PROPOSE,
  report: KIND_REPORT,
  reject: KIND_REJECT,
  accept: KIND_ACCEPT,
  accepted: KIND_ACCEPTED,
  commit: KIND_COMMIT,
  abort: KIND_ABORT,
};

/** Bytes of a message. */
export function encodeViewMessage(message: ViewMessage, matchKey: number): Uint8Array {
  const out = new ByteWriter();
  out.u8(KINDS[message.kind]).u16(0).u16(message.viewId).u32(message.ballot.round).u8(message.ballot.voter);
  switch (message.kind) {
    case 'propose':
      out
        .u32(message.removed)
        .u32(message.late)
        .u8(message.lead)
        .u8(message.completing ? 1 : 0)
        .u8(message.held.length);
      for (const { slot, frame } of message.held) out.u8(slot).u32(frame);
      break;
    case 'report':
      out.u32(message.limit).u8(message.held.length);
      for (const { slot, frame, cells } of message.held) out.u8(slot).u32(frame).u16(cells.length).put(cells);
      out.u8(message.accepted === undefined ? 0 : 1);
      if (message.accepted !== undefined) {
        out.u32(message.accepted.ballot.round).u8(message.accepted.ballot.voter);
        writeBody(out, message.accepted.body);
      }
      break;
    case 'reject':
      out.u32(message.hears).u32(message.promisedRound);
      break;
    case 'accept':
    case 'commit':
      writeBody(out, message.body);
      break;
    default:
  }
  const bytes = out.finish();
  write16(bytes, 1, packetCrc(bytes, bytes.length, matchKey));
  return bytes;
}

/** Id of the view that a commit makes; -1 if the bytes are none, or damaged. Its body is not looked at. */
export function viewIdOfCommit(bytes: Uint8Array, matchKey: number): number {
  if (bytes.length < HEAD_BYTES || bytes[0] !== KIND_COMMIT) return -1;
  return read16(bytes, 1) === packetCrc(bytes, bytes.length, matchKey) ? read16(bytes, 3) : -1;
}

/** What a commit begins to decide; of bytes of which {@link viewIdOfCommit} knows the view. */
export function headOfCommit(bytes: Uint8Array): ViewHead {
  return readHead(new ByteReader(bytes, HEAD_BYTES));
}

/** The message in `bytes`, or `undefined` if they are not exactly one legal message. Never throws. */
export function decodeViewMessage(
  bytes: Uint8Array,
  matchKey: number,
  cellBytes: number,
): ViewMessage | undefined {
  if (bytes.length < HEAD_BYTES || read16(bytes, 1) !== packetCrc(bytes, bytes.length, matchKey))
    return undefined;
  const reader = new ByteReader(bytes, 3);
  const common: Common = { viewId: reader.u16(), ballot: { round: reader.u32(), voter: reader.u8() } };
  const message = readPayload(bytes[0] as number, reader, common, cellBytes);
  return message !== undefined && reader.complete ? message : undefined;
}

interface Common {
  readonly viewId: number;
  readonly ballot: Ballot;
}

/** Messages are put together field by field: a spread makes an object of another shape at each place, and slowly. */
function readPayload(
  kind: number,
  reader: ByteReader,
  { viewId, ballot }: Common,
  cellBytes: number,
): ViewMessage | undefined {
  switch (kind) {
    case KIND_PROPOSE:
      return readPropose(reader, { viewId, ballot });
    case KIND_REPORT:
      return readReport(reader, { viewId, ballot }, cellBytes);
    case KIND_REJECT:
      return { viewId, ballot, kind: 'reject', hears: reader.u32(), promisedRound: reader.u32() };
    case KIND_ACCEPT:
    case KIND_COMMIT: {
      const body = readBody(reader, cellBytes);
      if (body === undefined) return undefined;
      return kind === KIND_ACCEPT
        ? { viewId, ballot, kind: 'accept', body }
        : { viewId, ballot, kind: 'commit', body };
    }
    case KIND_ACCEPTED:
      return { viewId, ballot, kind: 'accepted' };
    case KIND_ABORT:
      return { viewId, ballot, kind: 'abort' };
    default:
      return undefined;
  }
}

function readPropose(reader: ByteReader, { viewId, ballot }: Common): ViewMessage | undefined {
  const removed = reader.u32();
  const late = reader.u32();
  const lead = reader.u8();
  const flag = reader.u8();
  const held = readSlots(reader, () => ({ slot: reader.u8(), frame: reader.u32() }));
  if (held === undefined || flag > 1) return undefined;
  return { viewId, ballot, kind: 'propose', removed, late, lead, completing: flag === 1, held };
}

function readReport(
  reader: ByteReader,
  { viewId, ballot }: Common,
  cellBytes: number,
): ViewMessage | undefined {
  const limit = reader.u32();
  const held = readSlots(reader, () => ({
    slot: reader.u8(),
    frame: reader.u32(),
    cells: reader.take(reader.u16()),
  }));
  const flag = reader.u8();
  if (held === undefined || flag > 1) return undefined;
  if (flag === 0) return { viewId, ballot, kind: 'report', limit, held, accepted: undefined };
  const acceptedBallot = { round: reader.u32(), voter: reader.u8() };
  const body = readBody(reader, cellBytes);
  if (body === undefined) return undefined;
  return { viewId, ballot, kind: 'report', limit, held, accepted: { ballot: acceptedBallot, body } };
}

/**
 * Encodes frames `first` to `last` of one slot, as if the cell before them were zero: an owner may have told two peers different
 * things, and then they share no cell to go on from.
 */
export function encodeSlotCells(ring: CellRing, first: number, last: number): Uint8Array {
  const count = Math.max(0, last - first + 1);
  if (count === 0) return new Uint8Array(0);
  const { cellBytes } = ring;
  const cells = new CellRing(1 << (32 - Math.clz32(count)), cellBytes);
  for (let index = 0; index < count; index += 1)
    cells.bytes.set(ring.cellAt(first + index), cells.offsetOf(1 + index));
  const out = new Uint8Array(count * (cellBytes + ((cellBytes + 7) >> 3) + 1) + 16);
  return out.slice(0, writeCells({ rings: [cells], first: 1, count }, out, 0, out.length));
}

/** A view message on its way through a third peer. */
export interface Forward {
  readonly from: number;
  readonly to: number;
  readonly message: Uint8Array;
}

/** Wraps a message for a peer that is reached through another. */
export function encodeForward(forward: Forward, matchKey: number): Uint8Array {
  const bytes = new ByteWriter()
    .u8(KIND_FORWARD)
    .u16(0)
    .u8(forward.from)
    .u8(forward.to)
    .put(forward.message)
    .finish();
  write16(bytes, 1, packetCrc(bytes, bytes.length, matchKey));
  return bytes;
}

/** The wrapped message, or `undefined`. A message is wrapped once: it takes at most one third peer. */
export function decodeForward(bytes: Uint8Array, matchKey: number): Forward | undefined {
  if (bytes.length < 6 || bytes[0] !== KIND_FORWARD || bytes[5] === KIND_FORWARD) return undefined;
  if (read16(bytes, 1) !== packetCrc(bytes, bytes.length, matchKey)) return undefined;
  return { from: bytes[3] as number, to: bytes[4] as number, message: bytes.slice(5) };
}
