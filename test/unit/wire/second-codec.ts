/**
 * A second codec of frame packets, written from docs/wire-format.md alone and without anything of sdk/src: slow, plain,
 * and independent, so that the document and the code can be held against each other.
 */

/** What both ends know of a sender. */
export interface PacketContext {
  readonly matchKey: number;
  readonly slots: number;
  readonly inputBytes: number;
  /** Most slots of the match. */
  readonly playersMax: number;
}

/** One changed or unchanged cell: the XOR with the frame before, `undefined` if nothing changed. */
export type Cell = readonly number[] | undefined;

/** Everything a frame packet says. */
export interface Packet {
  readonly frameLow: number;
  readonly stamp: number;
  readonly acknowledgement: number;
  readonly isWide: boolean;
  readonly count: number;
  readonly epoch: number;
  readonly cells: readonly Cell[];
  readonly report:
    | {
        readonly clock: number;
        readonly received: number;
        readonly steering: number;
        readonly delay: number;
        readonly view: number;
        readonly hears: number;
        readonly held: readonly number[];
      }
    | undefined;
  readonly hash: { readonly frameLow: number; readonly value: number } | undefined;
  readonly relay:
    | { readonly slot: number; readonly firstLow: number; readonly cells: readonly Cell[] }
    | undefined;
}

/** The checksum of a message: CRC-16/CCITT bit by bit, over byte 0 and bytes 3 to the end. */
export function checksum(bytes: readonly number[], start: number): number {
  let crc = start;
  for (const [index, byte] of bytes.entries()) {
    if (index === 1 || index === 2) continue;
    for (let bit = 7; bit >= 0; bit -= 1) {
      const out = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (out * 0x1021);
    }
  }
  return crc;
}

/** Reads numbers one after the other. */
export class Bytes {
  readonly #bytes: readonly number[];
  at = 0;

  constructor(bytes: readonly number[]) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  unsigned(size: number): number {
    if (this.at + size > this.#bytes.length) throw new Error('too short');
    let value = 0;
    for (let index = 0; index < size; index += 1) value += (this.#bytes[this.at++] as number) * 256 ** index;
    return value;
  }

  signed16(): number {
    const value = this.unsigned(2);
    return value < 0x8000 ? value : value - 0x10000;
  }
}

/** Reads `count` cells. */
export function readCells(bytes: readonly number[], count: number, inputBytes: number): Cell[] {
  const source = new Bytes(bytes);
  const cells = takeCells(source, count, inputBytes);
  if (!source.isAtEnd) throw new Error('too long');
  return cells;
}

/** Takes `count` cells. */
export function takeCells(source: Bytes, count: number, inputBytes: number): Cell[] {
  const cells: Cell[] = [];
  let group = 0;
  for (let index = 0; index < count; index += 1) {
    if (index % 8 === 0) {
      group = source.unsigned(1);
      if (count - index < 8 && group >= 2 ** (count - index)) throw new Error('spare bits');
    }
    cells.push(Math.floor(group / 2 ** (index % 8)) % 2 === 1 ? takeCell(source, inputBytes) : undefined);
  }
  return cells;
}

function takeCell(source: Bytes, inputBytes: number): number[] {
  let cell: number[];
  if (inputBytes <= 2) {
    cell = Array.from({ length: inputBytes }, () => source.unsigned(1));
  } else {
    const mask = Array.from({ length: Math.ceil(inputBytes / 8) }, () => source.unsigned(1));
    const isSet = (index: number): boolean => (((mask[Math.floor(index / 8)] ?? 0) >> (index % 8)) & 1) === 1;
    for (let index = inputBytes; index < mask.length * 8; index += 1)
      if (isSet(index)) throw new Error('spare mask bits');
    cell = Array.from({ length: inputBytes }, (_, index) => {
      if (!isSet(index)) return 0;
      const value = source.unsigned(1);
      if (value === 0) throw new Error('a changed byte that is zero');
      return value;
    });
  }
  if (cell.every((byte) => byte === 0)) throw new Error('a changed cell that is zero');
  return cell;
}

/** Reads a frame packet; throws an Error that says what is wrong with it. */
export function readPacket(bytes: readonly number[], context: PacketContext): Packet {
  const source = new Bytes(bytes);
  const first = source.unsigned(1);
  if (first >= 0x80) throw new Error('no frame packet');
  if (source.unsigned(2) !== checksum(bytes, context.matchKey)) throw new Error('checksum');
  const frameLow = source.unsigned(2);
  const stamp = source.unsigned(1) + 256 * (first >> 4);
  const low = source.unsigned(1);
  const counted = source.unsigned(1);
  const count = counted % 128;
  const isWide = (first & 8) !== 0;
  const acknowledgement = low + (isWide ? 256 * source.unsigned(1) : 0);
  if (context.slots === 0 && counted !== 0) throw new Error('count');
  const cells = takeCells(source, count * context.slots, context.inputBytes);
  const report = (first & 1) !== 0 ? takeReport(source, context) : undefined;
  const hash = (first & 2) !== 0 ? { frameLow: source.unsigned(2), value: source.unsigned(4) } : undefined;
  const relay = (first & 4) !== 0 ? takeRelay(source, context) : undefined;
  if (!source.isAtEnd) throw new Error('too long');
  return {
    frameLow,
    stamp,
    acknowledgement,
    isWide,
    count,
    epoch: counted < 128 ? 0 : 1,
    cells,
    report,
    hash,
    relay,
  };
}

function takeReport(source: Bytes, context: PacketContext): Packet['report'] {
  const clock = source.signed16();
  const received = source.unsigned(2);
  const steered = source.unsigned(2);
  const [steering, delay] = [steered % 4096, Math.floor(steered / 4096)];
  const slots = source.unsigned(1);
  if (slots > context.playersMax) throw new Error('vector');
  if (slots === 0) return { clock, received, steering, delay, view: 0, hears: 0, held: [] };
  const view = source.unsigned(1);
  const hears = source.unsigned(4);
  const held = Array.from({ length: slots }, () => source.unsigned(2));
  return { clock, received, steering, delay, view, hears, held };
}

function takeRelay(source: Bytes, context: PacketContext): Packet['relay'] {
  const slot = source.unsigned(1);
  const firstLow = source.unsigned(2);
  const count = source.unsigned(1);
  if (slot >= context.playersMax || count < 1 || count > 32) throw new Error('relay');
  return { slot, firstLow, cells: takeCells(source, count, context.inputBytes) };
}

/** A number as bytes. */
export function unsigned(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** index) % 256);
}

/** Cells as bytes. */
export function cellsToBytes(cells: readonly Cell[]): number[] {
  const bytes: number[] = [];
  for (let start = 0; start < cells.length; start += 8) {
    const group = cells.slice(start, start + 8);
    bytes.push(group.reduce((bits, cell, index) => bits + (cell === undefined ? 0 : 2 ** index), 0));
    for (const cell of group) if (cell !== undefined) bytes.push(...cellToBytes(cell));
  }
  return bytes;
}

function cellToBytes(cell: readonly number[]): number[] {
  if (cell.length <= 2) return [...cell];
  const mask = new Array<number>(Math.ceil(cell.length / 8)).fill(0);
  for (const [index, byte] of cell.entries())
    if (byte !== 0) mask[Math.floor(index / 8)] = (mask[Math.floor(index / 8)] ?? 0) + 2 ** (index % 8);
  return [...mask, ...cell.filter((byte) => byte !== 0)];
}

/** Writes a frame packet. */
export function writePacket(packet: Packet, context: PacketContext): number[] {
  const { report, hash, relay, isWide } = packet;
  const flags =
    (report === undefined ? 0 : 1) +
    (hash === undefined ? 0 : 2) +
    (relay === undefined ? 0 : 4) +
    (isWide ? 8 : 0);
  const bytes = [
    Math.floor(packet.stamp / 256) * 16 + flags,
    0,
    0,
    ...unsigned(packet.frameLow, 2),
    packet.stamp % 256,
    packet.acknowledgement % 256,
    packet.count + 128 * packet.epoch,
    ...(isWide ? [Math.floor(packet.acknowledgement / 256)] : []),
    ...cellsToBytes(packet.cells),
  ];
  if (report !== undefined) {
    const clock = unsigned((report.clock + 0x10000) % 0x10000, 2);
    bytes.push(...clock, ...unsigned(report.received, 2));
    bytes.push(...unsigned(report.steering + 4096 * report.delay, 2), report.held.length);
    if (report.held.length > 0)
      bytes.push(
        report.view,
        ...unsigned(report.hears, 4),
        ...report.held.flatMap((frame) => unsigned(frame, 2)),
      );
  }
  if (hash !== undefined) bytes.push(...unsigned(hash.frameLow, 2), ...unsigned(hash.value, 4));
  if (relay !== undefined)
    bytes.push(relay.slot, ...unsigned(relay.firstLow, 2), relay.cells.length, ...cellsToBytes(relay.cells));
  const crc = checksum(bytes, context.matchKey);
  return [bytes[0] as number, crc % 256, Math.floor(crc / 256), ...bytes.slice(3)];
}
