/** View messages exactly on their limits: which bodies make sense, which bytes are one too many. */
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { skipCells } from '../../../sdk/src/wire/input-cells.js';
import { decodePace, encodePace } from '../../../sdk/src/wire/pace-message.js';
import { NO_PLAN, type ViewBody } from '../../../sdk/src/wire/view-body.js';
import {
  decodeForward,
  decodeViewMessage,
  encodeForward,
  encodeSlotCells,
  encodeViewMessage,
  type ViewMessage,
} from '../../../sdk/src/wire/view-messages.js';

const KEY = 0x2345;
const COMMON = { viewId: 3, ballot: { round: 2, voter: 1 } };
const NOTHING: ViewBody = { ...NO_PLAN, removed: 0, late: 0, frame: 0, cuts: [] };
const CUT = { slot: 1, base: 5, cut: 5, cells: new Uint8Array(0) };

/** The message after its encoding, `undefined` if it was refused. */
function back(message: ViewMessage, change: (bytes: Uint8Array) => void = () => {}): ViewMessage | undefined {
  const bytes = encodeViewMessage(message, KEY);
  change(bytes);
  write16(bytes, 1, packetCrc(bytes, bytes.length, KEY));
  return decodeViewMessage(bytes, KEY, 1);
}

function isTaken(body: Partial<ViewBody>): boolean {
  const message: ViewMessage = { ...COMMON, kind: 'commit', body: { ...NOTHING, ...body } };
  const read = back(message);
  if (read !== undefined) expect(read).toEqual(message);
  return read !== undefined;
}

test('a body ends inputs now, or plans something for a frame, never both, and never nothing', () => {
  const wrong: object[] = [];
  const sets = [0, 1, 2, 3];
  for (const removed of sets)
    for (const late of sets)
      for (const returned of sets)
        for (const frame of [0, 1, 90])
          for (const pace of ['none', 'pause', 'resume'] as const)
            for (const seats of [[], [{ slot: 2, owner: 5 }]])
              for (const cuts of [[], [CUT]]) {
                const isSplit =
                  (removed & late) === 0 && (removed & returned) === 0 && (late & returned) === 0;
                const plans = returned > 0 || pace !== 'none' || seats.length > 0;
                const endsNow = frame === 0 && !plans && (removed > 0 || late > 0);
                const isPlanned = frame > 0 && (plans || removed > 0) && late === 0 && cuts.length === 0;
                const body = { removed, late, returned, frame, pace, seats, cuts };
                if (isTaken(body) !== (isSplit && (endsNow || isPlanned))) wrong.push(body);
              }
  expect(wrong).toEqual([]);
});

test('all 16 slots may be cut or seated, in rising order, for owners that can be', () => {
  const slots = Array.from({ length: 16 }, (_, slot) => slot);
  expect(isTaken({ removed: 1, cuts: slots.map((slot) => ({ ...CUT, slot })) })).toBe(true);
  expect(isTaken({ frame: 9, seats: slots.map((slot) => ({ slot, owner: 30 })) })).toBe(true);
  expect(isTaken({ frame: 9, seats: [{ slot: 1, owner: 31 }] })).toBe(false);
  expect(isTaken({ frame: 9, seats: [{ slot: 16, owner: 1 }] })).toBe(false);
  expect(isTaken({ frame: 9, seats: [3, 2].map((slot) => ({ slot, owner: 1 })) })).toBe(false);
  expect(isTaken({ removed: 1, cuts: [3, 3].map((slot) => ({ ...CUT, slot })) })).toBe(false);
  expect(isTaken({ removed: 1, cuts: [3, 2].map((slot) => ({ ...CUT, slot })) })).toBe(false);
});

test('one newcomer at a time, at a place in peers, with an id of 1 to 64 printable characters', () => {
  const joins = (index: number, peer: string): boolean =>
    isTaken({ frame: 9, newcomers: [{ index, nonce: 0xfedcba98, peer }] });
  expect([0, 1, 30, 31, 255].map((index) => joins(index, 'eve'))).toEqual([true, true, true, false, false]);
  const lengths = [0, 1, 63, 64, 65].map((length) => joins(3, 'x'.repeat(length)));
  expect(lengths).toEqual([false, true, true, true, false]);
  const legal = Array.from({ length: 256 }, (_, code) => code).filter((code) =>
    joins(3, String.fromCharCode(code, 0x61)),
  );
  expect(legal).toEqual(Array.from({ length: 94 }, (_, index) => 0x21 + index));
  const two = ['eve', 'ann'].map((peer, index) => ({ index: index + 3, nonce: 1, peer }));
  expect(isTaken({ frame: 9, newcomers: two })).toBe(false);
  expect(isTaken({ frame: 9, newcomers: [], seats: [] })).toBe(false);
  // The number of newcomers stands behind head, sets, frame and pace.
  const one: ViewMessage = {
    ...COMMON,
    kind: 'commit',
    body: { ...NOTHING, frame: 9, newcomers: two.slice(1) },
  };
  const counts = Array.from({ length: 256 }, (_, count) => count).filter(
    (count) =>
      back(one, (bytes) => {
        bytes[10 + 16 + 1] = count;
      }) !== undefined,
  );
  expect(counts).toEqual([1]);
  // Beside those who come others may leave, return or pause.
  expect(isTaken({ frame: 9, removed: 4, newcomers: two.slice(1) })).toBe(true);
});

test('one cut has at most 65,535 frames of inputs', () => {
  const cells = (frames: number): Uint8Array => new Uint8Array((frames + 7) >> 3);
  const cutOf = (frames: number): boolean =>
    isTaken({ removed: 1, cuts: [{ slot: 0, base: 7, cut: 7 + frames, cells: cells(frames) }] });
  expect([0, 1, 65_534, 65_535, 65_536].map(cutOf)).toEqual([true, true, true, true, false]);
});

test('a pace is none, pause or resume', () => {
  // After the common head: removed, late, returned, frame.
  const at = 10 + 16;
  const legal = Array.from({ length: 256 }, (_, pace) => pace).filter((pace) => {
    const message: ViewMessage = { ...COMMON, kind: 'accept', body: { ...NOTHING, returned: 4, frame: 9 } };
    return (
      back(message, (bytes) => {
        bytes[at] = pace;
      }) !== undefined
    );
  });
  expect(legal).toEqual([0, 1, 2]);
});

test('a proposal completes or does not, a report has accepted or has not: no third value', () => {
  const propose: ViewMessage = {
    ...COMMON,
    ...{ kind: 'propose', removed: 8, late: 0, lead: 0, completing: false, held: [] },
  };
  const report: ViewMessage = { ...COMMON, kind: 'report', limit: 9, held: [], accepted: undefined };
  const legal = (message: ViewMessage, at: number): number[] =>
    Array.from({ length: 256 }, (_, flag) => flag).filter(
      (flag) =>
        back(message, (bytes) => {
          bytes[at] = flag;
        }) !== undefined,
    );
  expect(legal(propose, 10 + 9)).toEqual([0, 1]);
  // 1 would need a ballot and a body behind it.
  expect(legal(report, 10 + 5)).toEqual([0]);
});

test.each([15, 16])('a held frame of slot %i', (slot) => {
  const held = [{ slot, frame: 7 }];
  const sets = { removed: 8, late: 0, lead: 0, completing: true };
  const propose: ViewMessage = { ...COMMON, kind: 'propose', ...sets, held };
  const cells = new Uint8Array(0);
  const report: ViewMessage = {
    ...COMMON,
    ...{ kind: 'report', limit: 9, held: [{ slot, frame: 7, cells }], accepted: undefined },
  };
  for (const message of [propose, report]) expect(back(message)).toEqual(slot < 16 ? message : undefined);
});

test('17 entries are refused, whatever they are', () => {
  const held = Array.from({ length: 17 }, (_, index) => ({ slot: index, frame: 1 }));
  const sets = { removed: 8, late: 0, lead: 0, completing: true };
  expect(back({ ...COMMON, kind: 'propose', ...sets, held })).toBeUndefined();
  expect(back({ ...COMMON, kind: 'propose', ...sets, held: held.slice(0, 16) })).toBeDefined();
});

test('the shortest message that is forwarded is one byte, and only a FORWARD is one', () => {
  const message = Uint8Array.of(0x83);
  const bytes = encodeForward({ from: 2, to: 30, message }, KEY);
  expect([bytes.length, bytes[0]]).toEqual([6, 0x8a]);
  expect(decodeForward(bytes, KEY)).toEqual({ from: 2, to: 30, message });
  const empty = encodeForward({ from: 2, to: 30, message: new Uint8Array(0) }, KEY);
  expect(decodeForward(empty, KEY)).toBeUndefined();
  const understood = [];
  for (let kind = 0; kind < 256; kind += 1) {
    const other = encodeForward({ from: 2, to: 30, message: Uint8Array.of(1, 2, 3) }, KEY);
    other[0] = kind;
    write16(other, 1, packetCrc(other, other.length, KEY));
    if (decodeForward(other, KEY) !== undefined) understood.push(kind);
  }
  expect(understood).toEqual([0x8a]);
});

test.each([1, 2, 3, 9, 64])(
  'cells of %i bytes that change every frame are encoded to the last',
  (cellBytes) => {
    const ring = new CellRing(512, cellBytes);
    for (let frame = 0; frame < 512; frame += 1)
      for (let index = 0; index < cellBytes; index += 1)
        ring.bytes[ring.offsetOf(frame) + index] = 1 + (frame % 250);
    for (const count of [1, 7, 8, 9, 60, 400]) {
      const cells = encodeSlotCells(ring, 3, 2 + count);
      expect(skipCells(cells, 0, count, cellBytes)).toBe(cells.length);
      const masked = cellBytes > 2 ? (cellBytes + 7) >> 3 : 0;
      expect(cells.length).toBe(count * (cellBytes + masked) + ((count + 7) >> 3));
    }
  },
);

test('every truncation, added byte, flipped bit and other value of a PACE is refused', () => {
  for (const pace of ['pause', 'resume'] as const) {
    const bytes = encodePace(pace, KEY);
    expect(decodePace(bytes, KEY)).toBe(pace);
    expect(decodePace(bytes, KEY + 1)).toBeUndefined();
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodePace(bytes.slice(0, length), KEY)).toBeUndefined();
    expect(decodePace(Uint8Array.from([...bytes, 0]), KEY)).toBeUndefined();
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(decodePace(flipped, KEY)).toBeUndefined();
    }
  }
  const legal = [];
  for (let kind = 0x80; kind < 0x90; kind += 1)
    for (let value = 0; value < 256; value += 1) {
      const bytes = Uint8Array.of(kind, 0, 0, value);
      write16(bytes, 1, packetCrc(bytes, 4, KEY));
      if (decodePace(bytes, KEY) !== undefined) legal.push([kind, value]);
    }
  expect(legal).toEqual([
    [0x8b, 1],
    [0x8b, 2],
  ]);
});

test('what is yes or no is said by 1 or 0, and by nothing else', () => {
  const propose = (completing: boolean): ViewMessage => ({
    ...COMMON,
    ...{ kind: 'propose', removed: 4, late: 0, lead: 5, completing, held: [{ slot: 1, frame: 7 }] },
  });
  const report = (accepted: object | undefined): ViewMessage =>
    ({ ...COMMON, kind: 'report', limit: 9, held: [], accepted }) as ViewMessage;
  const accepted = { ballot: { round: 1, voter: 0 }, body: { ...NOTHING, removed: 4, cuts: [CUT] } };
  for (const [no, yes] of [
    [propose(false), propose(true)],
    [report(undefined), report(accepted)],
  ] as const) {
    const [off, on] = [no, yes].map((message) => encodeViewMessage(message, KEY)) as [Uint8Array, Uint8Array];
    const at = off.findIndex((byte, index) => index > 2 && byte !== on[index]);
    expect([off[at], on[at]]).toEqual([0, 1]);
    expect([back(no), back(yes)]).toEqual([no, yes]);
    for (const message of [no, yes])
      for (const value of [2, 3, 255])
        expect(
          back(message, (bytes) => {
            bytes[at] = value;
          }),
        ).toBeUndefined();
  }
});
