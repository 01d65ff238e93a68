import { SdkError } from 'rollmesh';
import { readAddress } from '../../../demo-game/src/net/address.js';
import { practiceSeats, readMemberData } from '../../../demo-game/src/net/seats.js';
import { inWords } from '../../../demo-game/src/net/words.js';
import { markPath } from '../../../demo-game/src/view/marks.js';
import { LIVERIES, mix } from '../../../demo-game/src/view/palette.js';

describe('the address of the page', () => {
  test('says which room, who plays and when to start', () => {
    const address = readAddress(
      'http://localhost:9000/?room=7KQ2-M4XD&name=Ada&bots=2&bot=1&players=4&draw=0&seed=9',
    );
    expect(address).toEqual({
      room: '7KQ2-M4XD',
      name: 'Ada',
      bots: 2,
      bot: true,
      players: 4,
      seed: 9,
      draw: false,
      quality: undefined,
      practice: undefined,
      lobby: 'http://localhost:9000',
    });
  });

  test('is read without trust: what makes no sense is left out', () => {
    const address = readAddress(
      'https://a.example/?room=%20&bots=99&players=-1&seed=x&quality=ultra&practice=0',
    );
    expect(address).toMatchObject({ room: undefined, bots: 0, players: undefined, seed: undefined });
    expect(address).toMatchObject({ quality: undefined, practice: undefined, draw: true, bot: false });
  });
});

describe('seats', () => {
  test('give everybody a livery of their own, the wish of a person first', () => {
    const seats = practiceSeats('Ada', 3, 8);
    expect(seats[0]).toMatchObject({ name: 'Ada', livery: 3, mine: true, bot: false });
    expect(new Set(seats.map(({ livery }) => livery)).size).toBe(8);
    expect(new Set(seats.map(({ name }) => name)).size).toBe(8);
  });

  test('read what a member says of itself without trust', () => {
    const quiet = { bot: false, playing: false, pausing: false, slots: [] };
    expect(readMemberData({ livery: 2, playing: true, slots: [1, 7], pausing: true }, 5)).toEqual({
      ...quiet,
      livery: 2,
      playing: true,
      pausing: true,
      slots: [1, 7],
    });
    for (const livery of [-1, 8, 1.5, '2', null, Number.NaN]) {
      expect(readMemberData({ livery, bot: 'yes' }, 5)).toEqual({ ...quiet, livery: 5 });
    }
    for (const slots of ['1', [8, -1, 0.5, null], new Array(9).fill(0), {}])
      expect(readMemberData({ slots }, 5).slots).toEqual([]);
  });
});

describe('troubles in words', () => {
  const codes = [
    'room-not-found',
    'room-full',
    'version-mismatch',
    'incompatible',
    'lobby-unreachable',
    'start-timeout',
    'rate-limited',
    'unsupported-browser',
    'not-in-room',
  ] as const;

  test('each condition that a player meets has its own headline and says what to do', () => {
    const troubles = codes.map((code) => inWords(new SdkError(code, 'detail'), '7kq2-m4xd'));
    expect(new Set(troubles.map(({ title }) => title)).size).toBe(codes.length);
    for (const { title, text } of troubles) expect(title.length * text.length).toBeGreaterThan(60);
  });

  test('name the room that was tried', () => {
    expect(inWords(new SdkError('room-full', ''), '7kq2-m4xd').text).toContain('7KQ2-M4XD');
  });

  test('do not show the insides of an unexpected error', () => {
    expect(inWords(new TypeError("Cannot read properties of undefined (reading 'x')")).text).not.toContain(
      'undefined',
    );
  });
});

describe('looks', () => {
  test('every livery has a mark of its own that can be drawn', () => {
    expect(new Set(LIVERIES.map(({ mark }) => mark)).size).toBe(8);
    for (const { mark } of LIVERIES) expect(markPath(mark, 6)).toMatch(/^M[-\d. LMZ]+Z$/);
  });

  test('colours are mixed channel by channel', () => {
    expect(mix(0x000000, 0xff8040, 0.5)).toBe(0x804020);
    expect(mix(0x123456, 0xffffff, -1)).toBe(0x123456);
  });
});
