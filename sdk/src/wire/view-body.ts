/**
 * What a view change decides: the body of ACCEPT and COMMIT. Layout, little-endian:
 *
 *     removed u32, late u32, returned u32 (bit = index in peers), frame u32 (0 = nothing is planned), pace u8 (0 as it is, 1 pause, 2 go on),
 *     n u8 (0 or 1), n x newcomer (index u8, nonce u32, id: length u8 and ASCII), n u8, n x seat (slot u8, owner u8),
 *     n u8, n x cut (slot u8, base u32, cut u32, cells of base + 1 .. cut)
 *
 * `cells` is a length u16 and the encoding of input-cells.ts for one slot.
 */
import { PEERS_MAX, PLAYERS_MAX } from '../base/limits.js';
import type { ByteReader, ByteWriter } from './byte-cursor.js';
import { skipCells } from './input-cells.js';

/** One slot whose owner's inputs end. */
export interface SlotCut {
  readonly slot: number;
  /** Every member of the new view holds the inputs up to here. */
  readonly base: number;
  /** Last frame that counts. */
  readonly cut: number;
  /** Inputs of base + 1 to cut. */
  readonly cells: Uint8Array;
}

/** A peer that joins, at first without a slot. */
export interface Newcomer {
  /** Its index in `peers`: a new one, or that of a former member. */
  readonly index: number;
  readonly peer: string;
  /** Of its JOIN: tells one coming from the next. */
  readonly nonce: number;
}

/** A slot that a member plays from the planned frame on. */
export interface Seat {
  readonly slot: number;
  readonly owner: number;
}

/** 'pause': nothing after the planned frame is stepped. 'resume': go on. */
export type PaceChange = 'none' | 'pause' | 'resume';

/** What happens at a planned frame. At most one kind at a time, but for returns. */
export interface ViewPlan {
  /** Substituted members that play again. */
  readonly returned: number;
  readonly pace: PaceChange;
  readonly newcomers: readonly Newcomer[];
  readonly seats: readonly Seat[];
}

/** What is agreed on. Sets of peers are bit masks of indexes in `peers`. */
export interface ViewBody extends ViewPlan {
  /** Members that leave. Their slots end at the cut; those that a substitute plays already, at the planned frame. */
  readonly removed: number;
  /** Members that stay, with a substitute in their slots from the cut on. */
  readonly late: number;
  /** Frame of what is planned, which no voter has confirmed; 0: nothing is planned. */
  readonly frame: number;
  readonly cuts: readonly SlotCut[];
}

/** What a body begins with. */
export type ViewHead = Pick<ViewBody, 'removed' | 'late' | 'returned' | 'frame'> & {
  readonly pace: PaceChange | undefined;
};

/** A plan of nothing. */
export const NO_PLAN: ViewPlan = { returned: 0, pace: 'none', newcomers: [], seats: [] };

const PACES: readonly PaceChange[] = ['none', 'pause', 'resume'];
const ID_BYTES_MAX = 64;

/** Appends a body. */
export function writeBody(out: ByteWriter, body: ViewBody): void {
  out.u32(body.removed).u32(body.late).u32(body.returned).u32(body.frame).u8(PACES.indexOf(body.pace));
  out.u8(body.newcomers.length);
  for (const { index, peer, nonce } of body.newcomers) {
    out.u8(index).u32(nonce).u8(peer.length);
    for (let at = 0; at < peer.length; at += 1) out.u8(peer.charCodeAt(at));
  }
  out.u8(body.seats.length);
  for (const { slot, owner } of body.seats) out.u8(slot).u8(owner);
  out.u8(body.cuts.length);
  for (const { slot, base, cut, cells } of body.cuts) {
    out.u8(slot).u32(base).u32(cut).u16(cells.length).put(cells);
  }
}

/** A list of entries with rising slots, or `undefined`. */
export function readSlots<T extends { readonly slot: number }>(
  reader: ByteReader,
  read: () => T,
): T[] | undefined {
  const count = reader.u8();
  if (count > PLAYERS_MAX) return undefined;
  const list: T[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = read();
    const before = list[index - 1];
    if (!reader.ok || entry.slot >= PLAYERS_MAX || (before !== undefined && before.slot >= entry.slot))
      return undefined;
    list.push(entry);
  }
  return list;
}

/** Reads what a body begins with: who goes, is late or returns, and when. */
export function readHead(reader: ByteReader): ViewHead {
  const sets = { removed: reader.u32(), late: reader.u32(), returned: reader.u32() };
  return { ...sets, frame: reader.u32(), pace: PACES[reader.u8()] };
}

/** True if two decisions begin alike. Two of one view that differ at all differ in this: one of them removes the other's voter. */
export function isSameHead(left: ViewHead, right: ViewHead): boolean {
  const sets = (left.removed ^ right.removed) | (left.late ^ right.late) | (left.returned ^ right.returned);
  return sets === 0 && left.frame === right.frame && left.pace === right.pace;
}

/** Reads a body, or `undefined` if no honest peer could have written it. Never throws. */
export function readBody(reader: ByteReader, cellBytes: number): ViewBody | undefined {
  const { pace, ...head } = readHead(reader);
  const newcomers = readNewcomers(reader);
  const seats = readSlots(reader, () => ({ slot: reader.u8(), owner: reader.u8() }));
  const cuts = readSlots(reader, () => ({
    slot: reader.u8(),
    base: reader.u32(),
    cut: reader.u32(),
    cells: reader.take(reader.u16()),
  }));
  if (!reader.ok || pace === undefined || newcomers === undefined || seats === undefined) return undefined;
  if (cuts === undefined || seats.some(({ owner }) => owner >= PEERS_MAX)) return undefined;
  for (const { base, cut, cells } of cuts) {
    if (cut < base || cut - base > 0xffff || skipCells(cells, 0, cut - base, cellBytes) !== cells.length)
      return undefined;
  }
  // The bytes of the cells are views of the packet: a body may be kept.
  const body = {
    ...head,
    pace,
    newcomers,
    seats,
    cuts: cuts.map((cut) => ({ ...cut, cells: cut.cells.slice() })),
  };
  return isSensible(body) ? body : undefined;
}

/** True if it decides something, and nothing that excludes something else it decides. */
function isSensible(body: ViewBody): boolean {
  const { removed, late, returned, frame, cuts } = body;
  if ((removed & late) !== 0 || (returned & (removed | late)) !== 0) return false;
  const plans = returned !== 0 || body.pace !== 'none' || body.newcomers.length > 0 || body.seats.length > 0;
  if (frame === 0) return !plans && (removed | late) !== 0;
  return (plans || removed !== 0) && late === 0 && cuts.length === 0;
}

function readNewcomers(reader: ByteReader): Newcomer[] | undefined {
  const count = reader.u8();
  if (count > 1) return undefined;
  if (count === 0) return [];
  const index = reader.u8();
  const nonce = reader.u32();
  const bytes = reader.take(reader.u8());
  if (index >= PEERS_MAX || bytes.length < 1 || bytes.length > ID_BYTES_MAX) return undefined;
  if (bytes.some((byte) => byte < 0x21 || byte > 0x7e)) return undefined;
  return [{ index, nonce, peer: String.fromCharCode(...bytes) }];
}
