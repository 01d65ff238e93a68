/**
 * Inputs on the wire. Cells go frame by frame, slot by slot; each group of eight cells starts with a byte whose bit i
 * says that cell i differs from the same slot's previous frame. A changed cell follows as the XOR with that frame:
 * up to two bytes as they are, longer ones as a mask of non-zero bytes and those bytes. One legal encoding exists
 * for any content: a changed cell is never zero, mask bits never stand for zero bytes, spare bits are zero.
 */
import type { CellRing } from '../base/cell-ring.js';

/** Cells longer than this are coded with a byte mask. */
const PLAIN_BYTES_MAX = 2;

/** Which cells: `count` frames from `first`, of the slots' rings in slot order. */
export interface CellRange {
  readonly rings: readonly CellRing[];
  first: number;
  count: number;
}

/**
 * Writes as many whole frames of `range` as fit into `out[offset .. end)`.
 * `range.count` becomes the number of frames written. Returns the offset after the last byte.
 */
export function writeCells(range: CellRange, out: Uint8Array, offset: number, end: number): number {
  const { rings, first } = range;
  const slots = rings.length;
  if (slots === 1) return writeRing(range, out, offset, end);
  let at = offset;
  let groupAt = -1;
  let bit = 8;
  let frames = 0;
  while (frames < range.count) {
    const frameStart = at;
    const groupStart = groupAt;
    const groupBits = groupAt >= 0 ? (out[groupAt] as number) : 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const ring = rings[slot] as CellRing;
      if (at + 1 + ring.cellBytes + ((ring.cellBytes + 7) >> 3) > end) {
        // The frame does not fit: take back the bits it set in a group that the frame before began.
        if (groupStart >= 0) out[groupStart] = groupBits;
        range.count = frames;
        return frameStart;
      }
      if (bit === 8) {
        groupAt = at;
        out[at++] = 0;
        bit = 0;
      }
      const next = writeCell(ring, first + frames, out, at);
      if (next !== at) out[groupAt] = (out[groupAt] as number) | (1 << bit);
      at = next;
      bit += 1;
    }
    frames += 1;
  }
  return at;
}

/** {@link writeCells} for one slot, as nearly all peers have it: half the time. */
function writeRing(range: CellRange, out: Uint8Array, offset: number, end: number): number {
  const ring = range.rings[0] as CellRing;
  const { bytes, cellBytes: size, mask } = ring;
  const { first, count } = range;
  const last = end - 1 - size - ((size + 7) >> 3);
  let at = offset;
  let groupAt = offset;
  let before = ring.offsetOf(first - 1);
  for (let done = 0; done < count; done += 1) {
    if (at > last) {
      range.count = done;
      return at;
    }
    if ((done & 7) === 0) {
      groupAt = at;
      out[at++] = 0;
    }
    const now = ((first + done) & mask) * size;
    let index = 0;
    while (index < size && bytes[now + index] === bytes[before + index]) index += 1;
    if (index < size) {
      out[groupAt] = (out[groupAt] as number) | (1 << (done & 7));
      at = writeCell(ring, first + done, out, at);
    }
    before = now;
  }
  return at;
}

/** Writes the XOR of frames `frame` and `frame - 1`; nothing if they are equal. */
function writeCell(ring: CellRing, frame: number, out: Uint8Array, offset: number): number {
  const size = ring.cellBytes;
  const bytes = ring.bytes;
  const now = ring.offsetOf(frame);
  const before = ring.offsetOf(frame - 1);
  if (size === 1) {
    const difference = (bytes[now] as number) ^ (bytes[before] as number);
    if (difference === 0) return offset;
    out[offset] = difference;
    return offset + 1;
  }
  let index = 0;
  while (index < size && bytes[now + index] === bytes[before + index]) index += 1;
  if (index === size) return offset;
  let at = offset;
  if (size <= PLAIN_BYTES_MAX) {
    for (index = 0; index < size; index += 1)
      out[at++] = (bytes[now + index] as number) ^ (bytes[before + index] as number);
    return at;
  }
  at += (size + 7) >> 3;
  for (let group = 0; group < size; group += 8) {
    let mask = 0;
    for (index = group; index < size && index < group + 8; index += 1) {
      const difference = (bytes[now + index] as number) ^ (bytes[before + index] as number);
      if (difference === 0) continue;
      mask |= 1 << (index - group);
      out[at++] = difference;
    }
    out[offset + (group >> 3)] = mask;
  }
  return at;
}

/** Most bytes that one frame of `slots` cells of `cellBytes` bytes takes. */
export function frameBytesMax(slots: number, cellBytes: number): number {
  // A group byte for every eight cells, and one more because a frame may begin in the middle of a group.
  return slots * (cellBytes + ((cellBytes + 7) >> 3)) + ((slots + 7) >> 3) + 1;
}

/**
 * Walks `frames * slots` cells from `offset` without reading any log.
 * @returns the offset after the last cell, or -1 if the bytes are not a legal encoding. Never throws.
 */
export function skipCells(bytes: Uint8Array, offset: number, cells: number, cellBytes: number): number {
  const end = bytes.length;
  let at = offset;
  for (let done = 0; done < cells; done += 8) {
    if (at >= end) return -1;
    let bits = bytes[at++] as number;
    const inGroup = cells - done < 8 ? cells - done : 8;
    if (bits >> inGroup !== 0) return -1;
    for (; bits !== 0; bits &= bits - 1) {
      at = skipCell(bytes, at, cellBytes);
      if (at < 0) return -1;
    }
  }
  return at;
}

function skipCell(bytes: Uint8Array, offset: number, cellBytes: number): number {
  const end = bytes.length;
  if (cellBytes <= PLAIN_BYTES_MAX) {
    if (offset + cellBytes > end) return -1;
    for (let index = 0; index < cellBytes; index += 1)
      if (bytes[offset + index] !== 0) return offset + cellBytes;
    return -1;
  }
  const maskBytes = (cellBytes + 7) >> 3;
  if (offset + maskBytes > end) return -1;
  let at = offset + maskBytes;
  for (let index = 0; index < maskBytes; index += 1) {
    let mask = bytes[offset + index] as number;
    if (index === maskBytes - 1 && (cellBytes & 7) !== 0 && mask >> (cellBytes & 7) !== 0) return -1;
    for (; mask !== 0; mask &= mask - 1) {
      if (at >= end || bytes[at] === 0) return -1;
      at += 1;
    }
  }
  return at === offset + maskBytes ? -1 : at;
}

/**
 * The cells of one slot's first `frames` frames in `bytes`, the frame before taken as zero. The bytes were checked by
 * {@link skipCells}.
 */
export function readSlotCells(bytes: Uint8Array, frames: number, cellBytes: number): Uint8Array {
  const cells = new Uint8Array(frames * cellBytes);
  const cell = new Uint8Array(cellBytes);
  for (let index = 0, at = 0, bits = 0; index < frames; index += 1, bits >>= 1) {
    if (index % 8 === 0) bits = bytes[at++] as number;
    if ((bits & 1) !== 0) at = readCell(bytes, at, cell);
    cells.set(cell, index * cellBytes);
  }
  return cells;
}

/** Applies one changed cell at `offset` to `cell[0 .. cellBytes)` in place (XOR); returns the offset after it. The bytes were checked by {@link skipCells}. */
export function readCell(bytes: Uint8Array, offset: number, cell: Uint8Array): number {
  const size = cell.length;
  let at = offset;
  if (size <= PLAIN_BYTES_MAX) {
    for (let index = 0; index < size; index += 1)
      cell[index] = (cell[index] as number) ^ (bytes[at++] as number);
    return at;
  }
  at += (size + 7) >> 3;
  for (let group = 0; group < size; group += 8) {
    for (let mask = bytes[offset + (group >> 3)] as number; mask !== 0; mask &= mask - 1) {
      const index = group + 31 - Math.clz32(mask & -mask);
      cell[index] = (cell[index] as number) ^ (bytes[at++] as number);
    }
  }
  return at;
}
