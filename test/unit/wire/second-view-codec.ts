/**
 * A second codec of view messages, written from docs/wire-format.md alone and without anything of sdk/src, as
 * second-codec.ts is for frame packets.
 */
import { Bytes, type Cell, cellsToBytes, checksum, takeCells, unsigned } from './second-codec.js';

/** Bytes of a list of inputs whose number the message does not tell. */
type Raw = readonly number[];

/** What is decided. */
export interface SecondBody {
  readonly removed: number;
  readonly late: number;
  readonly returned: number;
  readonly frame: number;
  readonly pace: number;
  readonly newcomers: readonly { readonly index: number; readonly nonce: number; readonly peer: string }[];
  readonly seats: readonly { readonly slot: number; readonly owner: number }[];
  readonly cuts: readonly {
    readonly slot: number;
    readonly base: number;
    readonly cut: number;
    readonly cells: readonly Cell[];
  }[];
}

/** Any view message. */
export interface SecondView {
  readonly kind: number;
  readonly view: number;
  readonly round: number;
  readonly voter: number;
  readonly propose?: {
    readonly removed: number;
    readonly late: number;
    readonly lead: number;
    readonly completing: number;
    readonly held: readonly { readonly slot: number; readonly held: number }[];
  };
  readonly report?: {
    readonly limit: number;
    readonly held: readonly { readonly slot: number; readonly held: number; readonly cells: Raw }[];
    readonly accepted?: { readonly round: number; readonly voter: number; readonly body: SecondBody };
  };
  readonly reject?: { readonly hears: number; readonly promised: number };
  readonly body?: SecondBody;
}

function refuseIf(isWrong: boolean, why: string): void {
  if (isWrong) throw new Error(why);
}

function takeFlag(source: Bytes): boolean {
  const flag = source.unsigned(1);
  refuseIf(flag > 1, 'flag');
  return flag === 1;
}

function takeRaw(source: Bytes): number[] {
  const length = source.unsigned(2);
  return Array.from({ length }, () => source.unsigned(1));
}

/** A list of slots, rising. */
function takeSlots<T extends object>(source: Bytes, take: () => T): (T & { readonly slot: number })[] {
  const length = source.unsigned(1);
  refuseIf(length > 16, 'list');
  let before = -1;
  return Array.from({ length }, () => {
    const slot = source.unsigned(1);
    refuseIf(slot > 15 || slot <= before, 'slot');
    before = slot;
    return { slot, ...take() };
  });
}

function takeCut(source: Bytes, inputBytes: number): Omit<SecondBody['cuts'][number], 'slot'> {
  const base = source.unsigned(4);
  const cut = source.unsigned(4);
  const raw = takeRaw(source);
  refuseIf(cut < base || cut - base > 65_535, 'cut');
  const inner = new Bytes(raw);
  const cells = takeCells(inner, cut - base, inputBytes);
  refuseIf(!inner.isAtEnd, 'cells too long');
  return { base, cut, cells };
}

function takeNewcomer(source: Bytes): SecondBody['newcomers'][number] {
  const index = source.unsigned(1);
  const nonce = source.unsigned(4);
  const length = source.unsigned(1);
  refuseIf(index > 30 || length < 1 || length > 64, 'newcomer');
  const letters = Array.from({ length }, () => source.unsigned(1));
  refuseIf(
    letters.some((letter) => letter < 0x21 || letter > 0x7e),
    'id',
  );
  return { index, nonce, peer: letters.map((letter) => String.fromCharCode(letter)).join('') };
}

function takeBody(source: Bytes, inputBytes: number): SecondBody {
  const [removed = 0, late = 0, returned = 0, frame = 0] = [0, 0, 0, 0].map(() => source.unsigned(4));
  const pace = source.unsigned(1);
  refuseIf(pace > 2, 'pace');
  const newcomers = takeFlag(source) ? [takeNewcomer(source)] : [];
  const seats = takeSlots(source, () => {
    const owner = source.unsigned(1);
    refuseIf(owner > 30, 'owner');
    return { owner };
  });
  const cuts = takeSlots(source, () => takeCut(source, inputBytes));
  const body = { removed, late, returned, frame, pace, newcomers, seats, cuts };
  checkBody(body);
  return body;
}

function checkBody({ removed, late, returned, frame, pace, newcomers, seats, cuts }: SecondBody): void {
  for (let peer = 0; peer < 32; peer += 1) {
    const has = (set: number): number => Math.floor(set / 2 ** peer) % 2;
    refuseIf(has(removed) + has(late) + has(returned) > 1, 'a peer in two sets');
  }
  const plansMore = returned > 0 || pace > 0 || newcomers.length > 0 || seats.length > 0;
  if (frame === 0) refuseIf(plansMore || (removed === 0 && late === 0), 'no cut');
  else refuseIf(late > 0 || cuts.length > 0 || (removed === 0 && !plansMore), 'no plan');
}

/** Reads a view message; throws an Error that says what is wrong with it. */
export function readView(bytes: readonly number[], matchKey: number, inputBytes: number): SecondView {
  const source = new Bytes(bytes);
  const kind = source.unsigned(1);
  refuseIf(source.unsigned(2) !== checksum(bytes, matchKey), 'checksum');
  const head = { kind, view: source.unsigned(2), round: source.unsigned(4), voter: source.unsigned(1) };
  const message = { ...head, ...takePayload(source, kind, inputBytes) };
  refuseIf(!source.isAtEnd, 'too long');
  return message;
}

function takePayload(source: Bytes, kind: number, inputBytes: number): Partial<SecondView> {
  switch (kind) {
    case 0x83: {
      const [removed, late] = [source.unsigned(4), source.unsigned(4)];
      const lead = source.unsigned(1);
      const completing = takeFlag(source) ? 1 : 0;
      const held = takeSlots(source, () => ({ held: source.unsigned(4) }));
      return { propose: { removed, late, lead, completing, held } };
    }
    case 0x84: {
      const limit = source.unsigned(4);
      const held = takeSlots(source, () => ({ held: source.unsigned(4), cells: takeRaw(source) }));
      if (!takeFlag(source)) return { report: { limit, held } };
      const ballot = { round: source.unsigned(4), voter: source.unsigned(1) };
      return { report: { limit, held, accepted: { ...ballot, body: takeBody(source, inputBytes) } } };
    }
    case 0x85:
      return { reject: { hears: source.unsigned(4), promised: source.unsigned(4) } };
    case 0x86:
    case 0x88:
      return { body: takeBody(source, inputBytes) };
    case 0x87:
    case 0x89:
      return {};
    default:
      throw new Error('no view message');
  }
}

function rawToBytes(raw: Raw): number[] {
  return [...unsigned(raw.length, 2), ...raw];
}

function bodyToBytes(body: SecondBody): number[] {
  return [
    ...[body.removed, body.late, body.returned, body.frame].flatMap((value) => unsigned(value, 4)),
    body.pace,
    body.newcomers.length,
    ...body.newcomers.flatMap(({ index, nonce, peer }) => [
      index,
      ...unsigned(nonce, 4),
      peer.length,
      ...[...peer].map((letter) => letter.charCodeAt(0)),
    ]),
    body.seats.length,
    ...body.seats.flatMap(({ slot, owner }) => [slot, owner]),
    body.cuts.length,
    ...body.cuts.flatMap(({ slot, base, cut, cells }) => [
      slot,
      ...unsigned(base, 4),
      ...unsigned(cut, 4),
      ...rawToBytes(cellsToBytes(cells)),
    ]),
  ];
}

function payloadToBytes({ propose, report, reject, body }: SecondView): number[] {
  if (propose !== undefined) {
    return [
      ...unsigned(propose.removed, 4),
      ...unsigned(propose.late, 4),
      propose.lead,
      propose.completing,
      propose.held.length,
      ...propose.held.flatMap(({ slot, held }) => [slot, ...unsigned(held, 4)]),
    ];
  }
  if (report !== undefined) {
    const { accepted } = report;
    return [
      ...unsigned(report.limit, 4),
      report.held.length,
      ...report.held.flatMap(({ slot, held, cells }) => [slot, ...unsigned(held, 4), ...rawToBytes(cells)]),
      ...(accepted === undefined
        ? [0]
        : [1, ...unsigned(accepted.round, 4), accepted.voter, ...bodyToBytes(accepted.body)]),
    ];
  }
  if (reject !== undefined) return [...unsigned(reject.hears, 4), ...unsigned(reject.promised, 4)];
  return body === undefined ? [] : bodyToBytes(body);
}

/** Writes a view message. */
export function writeView(message: SecondView, matchKey: number): number[] {
  const bytes = [
    message.kind,
    0,
    0,
    ...unsigned(message.view, 2),
    ...unsigned(message.round, 4),
    message.voter,
    ...payloadToBytes(message),
  ];
  const crc = checksum(bytes, matchKey);
  return [message.kind, crc % 256, Math.floor(crc / 256), ...bytes.slice(3)];
}
