/** Into a match that runs already, and back into it: real lobby server, real sessions, packets by function calls. */
import type { NextMatchOptions, Room, RoomEvents } from 'rollmesh';
import { LobbyStage, Sockets } from './lobby-stage.js';
import { makeTapGame, type TapInput, tapGame } from './tap-game.js';
import { play, startTogether, type TapMatch } from './tap-match.js';
import { failure, next, pause, until } from './waiting.js';

const stage = new LobbyStage();
beforeEach(() => stage.start({ graceMs: 500 }));
afterEach(() => stage.stop());

/** A running match of `names`, its owner first. */
async function running(
  names: readonly string[],
  options: Partial<NextMatchOptions<TapInput>> = {},
): Promise<{ rooms: Room[]; matches: TapMatch[] }> {
  const rooms = await stage.gather(...names);
  const matches = await startTogether(rooms, {}, options);
  await until(() => matches.every(({ frameConfirmed }) => frameConfirmed > 20));
  return { rooms, matches };
}

async function enter(name: string, room: Room | undefined): Promise<Room> {
  return (await stage.connect(name)).join(room?.code ?? '');
}

async function expectEqual(matches: readonly TapMatch[], frames = 60): Promise<void> {
  const from = Math.max(...matches.map(({ frameCurrent }) => frameCurrent));
  const desyncs: unknown[] = [];
  for (const match of matches) match.on('desync', (event) => desyncs.push(event));
  await until(() => matches.every(({ session }) => session.frameFinal >= from + frames));
  for (let frame = from; frame <= from + frames; frame += 1) {
    const hashes = matches.map(({ session }) => session.stateHash(frame));
    expect(hashes[0]).toBeDefined();
    expect(new Set(hashes).size).toBe(1);
  }
  expect(desyncs).toEqual([]);
}

test('nextMatch in a room whose match runs comes into it, and its players hear of it', async () => {
  const { rooms, matches } = await running(['Ada', 'Bob']);
  const heard = matches.map((match) => next(match, 'peer-joined'));
  const cy = await enter('Cy', rooms[0]);
  const progress: RoomEvents['match-joining'][] = [];
  cy.on('match-joining', (event) => progress.push(event));
  const match = await cy.nextMatch(tapGame, play);
  const own = next(match, 'peer-joined');
  expect(match.localSlots).toEqual([2]);
  expect(match.slotOwners).toEqual([rooms[0]?.self, rooms[1]?.self, cy.self, undefined]);
  for (const event of [...(await Promise.all(heard)), await own])
    expect(event).toMatchObject({ peer: cy.self, slots: [2] });
  for (const other of matches) expect(other.slotOwners[2]).toBe(cy.self);
  expect(cy.match).toBe(match);
  expect(progress[0]).toMatchObject({ phase: 'asking', matchId: expect.any(String) });
  expect(progress.at(-1)).toMatchObject({ phase: 'seating' });
  await expectEqual([...matches, match]);
  expect(match.state.players.taps[2]).toBeGreaterThan(0);
  expect(matches.map(({ session }) => session.stats().stalls)).toEqual([0, 0]);
});

test('who comes after somebody has left gets a slot', async () => {
  const { rooms, matches } = await running(['Ada', 'Bob', 'Cy']);
  const old = rooms[1] as Room;
  const left = next(matches[0] as TapMatch, 'peer-left');
  await old.leave();
  expect((await left).reason).toBe('left');
  const reloaded = await (await stage.connect('Bob')).join(old.code);
  const match = await reloaded.nextMatch(tapGame, play);
  expect(match.localSlots.length).toBe(1);
  await expectEqual([matches[0] as TapMatch, matches[2] as TapMatch, match]);
});

test('with the same id a page gets the same slot', async () => {
  const owner = await (await stage.connect('Ada')).create({ playersMax: 4 });
  const cy = await enter('Cy', owner);
  const bobs = await stage.connect('Bob');
  const bob = await bobs.join(owner.code);
  const others = [cy, bob].map((room) => room.nextMatch(tapGame, play));
  const [a, c, b] = (await Promise.all([owner.startMatch(tapGame, play), ...others])) as [
    TapMatch,
    TapMatch,
    TapMatch,
  ];
  expect(b.localSlots).toEqual([2]);
  const left = next(a, 'peer-left');
  await bobs.close();
  await left;
  const again = await (await stage.connect('Bob', { peer: bob.self })).join(owner.code);
  const match = await again.nextMatch(tapGame, play);
  expect(match.localSlots).toEqual([2]);
  expect(a.slotOwners[2]).toBe(bob.self);
  await expectEqual([a, c, match]);
});

test('a newcomer that brings two players gets two slots', async () => {
  const { rooms, matches } = await running(['Ada', 'Bob']);
  const cy = await enter('Cy', rooms[0]);
  const match = await cy.nextMatch(tapGame, { ...play, localPlayers: 2 });
  expect(match.localSlots).toEqual([2, 3]);
  expect(matches[0]?.slotOwners).toEqual([rooms[0]?.self, rooms[1]?.self, cy.self, cy.self]);
  await expectEqual([...matches, match]);
});

test('who left a match is not brought back unasked, but on request', async () => {
  const { rooms, matches } = await running(['Ada', 'Bob', 'Cy']);
  const cy = rooms[2] as Room;
  await matches[2]?.leave();
  const phases: string[] = [];
  cy.on('match-joining', ({ phase }) => phases.push(phase));
  const controller = new AbortController();
  const waiting = failure(cy.nextMatch(tapGame, { ...play, signal: controller.signal }));
  await pause(500);
  expect(phases).toEqual([]);
  controller.abort();
  expect((await waiting).code).toBe('aborted');
  const back = await cy.nextMatch(tapGame, { ...play, joinRunning: true });
  expect(back.localSlots).toEqual([2]);
  await expectEqual([matches[0] as TapMatch, matches[1] as TapMatch, back]);
});

test('a spectator watches a match that has no slot free', async () => {
  const { rooms } = await running(['Ada', 'Bob', 'Cy', 'Dee']);
  const guest = await (await stage.connect('Eve')).join(rooms[0]?.code ?? '', { role: 'spectator' });
  const match = await guest.nextMatch(tapGame, play);
  expect(match.localSlots).toEqual([]);
  await until(() => match.frameConfirmed > 30);
});

test('a full match refuses a player, and says so', async () => {
  const duel = { ...tapGame, playersMax: 2 };
  const ada = await (await stage.connect('Ada')).create({ playersMax: 4 });
  const bob = await enter('Bob', ada);
  const joining = bob.nextMatch(duel, play);
  await ada.startMatch(duel, play);
  const match = await joining;
  await until(() => match.frameConfirmed > 20);
  const cy = await enter('Cy', ada);
  const refused = new Promise<RoomEvents['match-joining']>((resolve) => {
    cy.on('match-joining', (event) => {
      if (event.phase === 'refused') resolve(event);
    });
  });
  const waiting = failure(cy.nextMatch(duel, play));
  expect((await refused).reason).toBe('The match is full.');
  await cy.leave();
  await waiting;
});

test('with admit nobody a newcomer is told why, and waits for the next match', async () => {
  const { rooms, matches } = await running(['Ada', 'Bob'], { admit: 'nobody' });
  const cy = await enter('Cy', rooms[0]);
  const refused = new Promise<RoomEvents['match-joining']>((resolve) => {
    cy.on('match-joining', (event) => {
      if (event.phase === 'refused') resolve(event);
    });
  });
  const waiting = cy.nextMatch(tapGame, play);
  expect((await refused).reason).toBe('This match takes nobody in.');
  await Promise.all(matches.map((match) => match.leave()));
  const joining = rooms[1]?.nextMatch(tapGame, play);
  const started = await rooms[0]?.startMatch(tapGame, play);
  expect((await waiting).session.peers).toEqual(started?.session.peers);
  await joining;
});

test('a newcomer with another version is told so', async () => {
  const { rooms } = await running(['Ada', 'Bob']);
  const cy = await enter('Cy', rooms[0]);
  const error = await failure(cy.nextMatch(makeTapGame('2'), play));
  expect(error.code).toBe('incompatible');
  expect(error.message).toMatch(/another version.*Reload the page/s);
});

test('a newcomer whose options make no sense is told so at once', async () => {
  const { rooms } = await running(['Ada', 'Bob']);
  const cy = await enter('Cy', rooms[0]);
  const error = await failure(cy.nextMatch(tapGame, { ...play, predictionFramesMax: 99 }));
  expect(error.code).toBe('invalid-argument');
  expect(error.message).toMatch(/predictionFramesMax/);
  expect((await cy.nextMatch(tapGame, { ...play, joinRunning: true })).localSlots).toEqual([2]);
});

test('a newcomer takes a new match rather than one that nobody answers for', async () => {
  const { rooms, matches } = await running(['Ada', 'Bob']);
  await Promise.all(matches.map((match) => match.leave()));
  const cy = await enter('Cy', rooms[0]);
  const waiting = cy.nextMatch(tapGame, play);
  await pause(300);
  const joining = rooms[1]?.nextMatch(tapGame, play);
  await rooms[0]?.startMatch(tapGame, play);
  const match = await waiting;
  await joining;
  expect(match.session.peers).toContain(cy.self);
  expect(match.localSlots).toEqual([2]);
});

test('waiting to be let in ends with its signal and with the room', async () => {
  const { rooms } = await running(['Ada', 'Bob'], { admit: 'nobody' });
  const cy = await enter('Cy', rooms[0]);
  const controller = new AbortController();
  const waiting = failure(cy.nextMatch(tapGame, { ...play, signal: controller.signal }));
  await pause(100);
  controller.abort();
  expect((await waiting).code).toBe('aborted');
  const again = failure(cy.nextMatch(tapGame, play));
  await pause(100);
  await cy.leave();
  expect((await again).code).toBe('not-in-room');
});

test('a match takes a newcomer whose lobby server has just gone, and goes on without it', async () => {
  const sockets = new Sockets();
  const { rooms, matches } = await running(['Ada', 'Bob']);
  const cy = await (await stage.connect('Cy', { webSocket: sockets.constructorFor() })).join(
    rooms[0]?.code ?? '',
  );
  await until(() => rooms.every((room) => room.links.get(cy.self) === 'open'));
  await stage.server?.close();
  const match = await cy.nextMatch(tapGame, play);
  expect(match.localSlots).toEqual([2]);
  await expectEqual([...matches, match]);
});

test('all pause at one frame, and any player lets the match go on', async () => {
  const { matches } = await running(['Ada', 'Bob', 'Cy']);
  const [a, b, c] = matches as [TapMatch, TapMatch, TapMatch];
  const paused = matches.map((match) => next(match, 'match-paused'));
  a.pause();
  const frames = (await Promise.all(paused)).map(({ frame }) => frame);
  expect(new Set(frames).size).toBe(1);
  await until(() => matches.every(({ session }) => session.phase === 'paused'));
  const at = matches.map(({ frameCurrent }) => frameCurrent);
  await pause(200);
  expect(matches.map(({ frameCurrent }) => frameCurrent)).toEqual(at);
  const resumed = matches.map((match) => next(match, 'match-resumed'));
  b.resume();
  await Promise.all(resumed);
  await expectEqual([a, b, c]);
});

test('the input delay may be changed while the match runs', async () => {
  const { matches } = await running(['Ada', 'Bob'], { inputDelayFrames: 1 });
  const [a] = matches as [TapMatch];
  expect(a.inputDelayFrames).toBe(1);
  a.inputDelayFrames = 4;
  await until(() => a.stats().inputDelayFrames === 4);
  await expectEqual(matches);
  a.inputDelayFrames = 'auto';
  expect(a.inputDelayFrames).toBe('auto');
  await expectEqual(matches);
});

test('the rules of the owner hold for all: late players, their input, and the same delay for everybody', async () => {
  const ada = await (await stage.connect('Ada')).create({ playersMax: 4 });
  const other = await enter('Bob', ada);
  const joining = other.nextMatch(tapGame, { ...play, inputDelayFrames: 1 });
  const match = await ada.startMatch(tapGame, {
    ...play,
    onLate: 'wait',
    lateInput: 'repeat',
    fairDelay: true,
    inputDelayFrames: 5,
  });
  const b = await joining;
  await until(() => b.stats().inputDelayFrames === 5);
  await expectEqual([match, b]);
});
