/**
 * The step log: everything that the steps of some frames depend on besides the state before them, so that a peer which has
 * an old state of the match computes the new one instead of fetching it. Inputs are what each frame was stepped with (the
 * owner's, or what a substitute or bot made), so nobody has to be asked or computed again. Travels in LOG messages.
 *
 *     from u32, count u16, input bytes u8, n u8,
 *     n x (runs u16, runs x (state u8, frames u16), cells of from + 1 .. from + count)
 *
 * `cells` is the encoding of input-cells.ts for one slot, the frame before the first taken as neutral.
 */
import { CellRing } from '../base/cell-ring.js';
import { INPUT_BYTES_MAX, LOG_FRAMES, PLAYERS_MAX } from '../base/limits.js';
import { ByteReader, ByteWriter } from './byte-cursor.js';
import { readSlotCells, skipCells } from './input-cells.js';
import { encodeSlotCells } from './view-messages.js';

/** One slot of a step log. */
export interface StepLogSlot {
  /** Per frame, what `ctx.slots` said: 0 active, 1 vacant, 2 substituted. */
  readonly states: Uint8Array;
  /** Per frame, the encoded input, `inputBytes` bytes each. */
  readonly cells: Uint8Array;
}

/** What the frames `from + 1` to `from + count` were stepped with. */
export interface StepLog {
  readonly from: number;
  /** 0 to 2,047. */
  readonly count: number;
  /** Bytes of one encoded input, 1 to 64. */
  readonly inputBytes: number;
  /** 1 to 16. */
  readonly slots: readonly StepLogSlot[];
}

const STATES = 3;

/** The only bytes for this log. */
export function encodeStepLog({ from, count, inputBytes, slots }: StepLog): Uint8Array {
  const out = new ByteWriter().u32(from).u16(count).u8(inputBytes).u8(slots.length);
  for (const { states, cells } of slots) {
    const starts: number[] = [];
    for (let at = 0; at < count; at += 1) if (at === 0 || states[at] !== states[at - 1]) starts.push(at);
    out.u16(starts.length);
    for (const [index, start] of starts.entries())
      out.u8(states[start] as number).u16((starts[index + 1] ?? count) - start);
    // Frame 0 of the ring is the neutral one before the first.
    const ring = new CellRing(LOG_FRAMES, inputBytes);
    ring.bytes.set(cells, inputBytes);
    out.put(encodeSlotCells(ring, 1, count));
  }
  return out.finish();
}

/** The log in `bytes`, or `undefined`. Whether the inputs are legal ones is the game's to say. Keeps nothing of `bytes`. */
export function decodeStepLog(bytes: Uint8Array): StepLog | undefined {
  const reader = new ByteReader(bytes);
  const head = { from: reader.u32(), count: reader.u16(), inputBytes: reader.u8() };
  const slotCount = reader.u8();
  // What is missing reads as 0, here and below.
  if (head.count >= LOG_FRAMES || slotCount < 1 || slotCount > PLAYERS_MAX) return undefined;
  if (head.inputBytes < 1 || head.inputBytes > INPUT_BYTES_MAX) return undefined;
  const slots: StepLogSlot[] = [];
  for (let slot = 0; slot < slotCount; slot += 1) {
    const states = readStates(reader, head.count);
    const cells = states && readCells(reader, head.count, head.inputBytes);
    if (states === undefined || cells === undefined) return undefined;
    slots.push({ states, cells });
  }
  return reader.complete ? { ...head, slots } : undefined;
}

/** Runs of unlike states that cover all frames. */
function readStates(reader: ByteReader, count: number): Uint8Array | undefined {
  const states = new Uint8Array(count);
  let at = 0;
  for (let runs = reader.u16(), before = STATES; runs > 0; runs -= 1) {
    const state = reader.u8();
    const frames = reader.u16();
    if (state >= STATES || state === before || frames < 1) return undefined;
    states.fill(state, at, at + frames);
    at += frames;
    before = state;
  }
  return reader.ok && at === count ? states : undefined;
}

function readCells(reader: ByteReader, count: number, inputBytes: number): Uint8Array | undefined {
  const { bytes, at } = reader;
  const end = skipCells(bytes, at, count, inputBytes);
  if (end < 0) return undefined;
  reader.at = end;
  return readSlotCells(bytes.subarray(at, end), count, inputBytes);
}
