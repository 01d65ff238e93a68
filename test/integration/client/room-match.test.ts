/** Matches of a room: real lobby server, real sessions, packets by function calls. */
import type { Room } from 'rollmesh';
import { LobbyStage, Sockets } from './lobby-stage.js';
import { makeTapGame, tapGame } from './tap-game.js';
import { play, startTogether, type TapMatch } from './tap-match.js';
import { failure, next, pause, until } from './waiting.js';

const stage = new LobbyStage();
beforeEach(() => stage.start({ graceMs: 500 }));
afterEach(() => stage.stop());

const gather = (...names: readonly string[]): Promise<Room[]> => stage.gather(...names);

async function reached(match: TapMatch, frame: number): Promise<void> {
  await until(() => match.session.frameFinal >= frame);
}

test('two pages play one match with equal states', async () => {
  const rooms = await gather('Ada', 'Bob');
  const [a, b] = (await startTogether(rooms)) as [TapMatch, TapMatch];
  const desyncs: unknown[] = [];
  a.on('desync', (event) => desyncs.push(event));
  b.on('desync', (event) => desyncs.push(event));
  await Promise.all([reached(a, 60), reached(b, 60)]);
  for (let frame = 1; frame <= 60; frame += 1)
    expect(a.session.stateHash(frame)).toBe(b.session.stateHash(frame));
  expect(a.session.stateHash(60)).not.toBe(a.session.stateHash(59));
  expect(desyncs).toEqual([]);
  expect(a.localSlots).toEqual([0]);
  expect(b.localSlots).toEqual([1]);
  expect(rooms[0]?.match).toBe(a);
  expect(a.state.frame).toBe(a.frameCurrent);
  expect(a.statePrevious.frame).toBe(a.frameCurrent - 1);
  expect(a.alpha).toBeGreaterThanOrEqual(0);
  expect(a.alpha).toBeLessThanOrEqual(1);
});

test('effects of the very first frame reach a listener that subscribes when the match is there', async () => {
  const [a, b] = (await startTogether(await gather('Ada', 'Bob'))) as [TapMatch, TapMatch];
  const begun = [a, b].map((match) => next(match, 'effect'));
  for (const effect of await Promise.all(begun)) expect(effect).toMatchObject({ name: 'begun', frame: 1 });
});

test('the options of the owner reach everybody, also rules', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  const joining = bob.nextMatch(tapGame, play);
  await ada.startMatch(tapGame, {
    ...play,
    options: { bonus: 9 },
    onLost: 'pause',
    lostAfterMs: 700,
    lateAfterMs: 100,
  });
  const match = await joining;
  expect(match.state.options).toBe(9);
  const paused = (): boolean => match.session.phase === 'paused';
  stage.network.cut(ada.self, bob.self);
  await until(() => !!paused());
  expect(match.session.phase).toBe('paused');
});

test('a page that asks a moment after the start takes part', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  const announced = next(bob, 'match-starting');
  const starting = ada.startMatch(tapGame, play);
  expect((await announced).included).toBe(true);
  await pause(50);
  const match = await bob.nextMatch(tapGame, play);
  expect((await starting).session.peers).toEqual(match.session.peers);
});

test('several players share a page', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  const joining = bob.nextMatch(tapGame, play);
  const a = await ada.startMatch(tapGame, { ...play, localPlayers: 2 });
  const b = await joining;
  expect(a.localSlots).toEqual([0, 1]);
  expect(b.localSlots).toEqual([2]);
  await Promise.all([reached(a, 30), reached(b, 30)]);
  expect(a.session.stateHash(30)).toBe(b.session.stateHash(30));
});

test('after a match another one is played in the same room, undisturbed by packets of the old', async () => {
  const rooms = await gather('Ada', 'Bob');
  const first = (await startTogether(rooms)) as [TapMatch, TapMatch];
  await Promise.all(first.map((match) => reached(match, 20)));
  const ended = next(first[1], 'ended');
  const left = next(first[1], 'peer-left');
  await first[0].leave();
  expect((await left).reason).toBe('left');
  expect(rooms[0]?.match).toBeUndefined();
  void first[1].leave();
  expect((await ended).reason).toBe('left');
  const second = (await startTogether(rooms)) as [TapMatch, TapMatch];
  await Promise.all(second.map((match) => reached(match, 30)));
  expect(second[0].session.stateHash(30)).toBe(second[1].session.stateHash(30));
  expect(second[0].session.stats().peers[0]?.malformed).toBe(0);
});

test('a running match does not notice that the lobby server is gone', async () => {
  const [a, b] = (await startTogether(await gather('Ada', 'Bob'))) as [TapMatch, TapMatch];
  const frame = a.frameCurrent;
  await stage.server?.close();
  await Promise.all([reached(a, frame + 90), reached(b, frame + 90)]);
  expect(a.session.stateHash(frame + 90)).toBe(b.session.stateHash(frame + 90));
  expect(a.session.phase).toBe('running');
});

test('a match goes on with a player whose seat the lobby server gave up', async () => {
  const sockets = new Sockets();
  const ada = await (await stage.connect('Ada')).create({ playersMax: 4 });
  const bob = await (await stage.connect('Bob', { webSocket: sockets.constructorFor() })).join(ada.code);
  const [a, b] = (await startTogether([ada, bob])) as [TapMatch, TapMatch];
  const gone = next(ada, 'member-left');
  sockets.blocked = true;
  sockets.cut();
  expect((await gone).reason).toBe('lost');
  expect(ada.members.map(({ name }) => name)).toEqual(['Ada']);
  const frame = a.frameCurrent;
  await Promise.all([reached(a, frame + 60), reached(b, frame + 60)]);
  expect(ada.links.get(bob.self)).toBe('open');
  expect(a.session.stateHash(frame + 60)).toBe(b.session.stateHash(frame + 60));
  const back = next(ada, 'member-joined');
  sockets.blocked = false;
  expect((await back).member.name).toBe('Bob');
  expect(bob.phase).toBe('open');
  expect(b.session.phase).toBe('running');
  await a.leave();
});

test('when its match is over, a player who left the room is no longer linked', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  const [a] = (await startTogether([ada, bob])) as [TapMatch];
  const left = next(a, 'peer-left');
  await bob.leave();
  expect((await left).reason).toBe('left');
  await until(() => !ada.links.has(bob.self));
  expect(ada.members.length).toBe(1);
});

test('a start without a connection is given up, with the name of the player', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  stage.network.cut(ada.self, bob.self);
  const joining = failure(bob.nextMatch(tapGame, play));
  const error = await failure(ada.startMatch(tapGame, play));
  expect(error.code).toBe('start-timeout');
  expect(error.message).toMatch(/No direct connection to Bob/);
  expect((await joining).code).toBe('start-timeout');
  expect(ada.match).toBeUndefined();
}, 25_000);

test('a page with another version is refused before frame 0, in words for a player', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  const joining = failure(bob.nextMatch(makeTapGame('2'), play));
  const error = await failure(ada.startMatch(tapGame, play));
  const codes = [error.code, (await joining).code];
  expect(codes).toContain('incompatible');
  const told = [error, await joining].find(({ code }) => code === 'incompatible');
  expect(told?.message).toMatch(/(Ada|Bob) runs another game, version or set-up.*reload the page/s);
}, 25_000);

test('only the owner starts, and only one match at a time', async () => {
  const rooms = (await gather('Ada', 'Bob')) as [Room, Room];
  expect((await failure(rooms[1].startMatch(tapGame, play))).code).toBe('not-owner');
  await startTogether(rooms);
  expect((await failure(rooms[0].startMatch(tapGame, play))).code).toBe('wrong-phase');
});

test('more players than the game takes are refused before anything starts', async () => {
  const [ada] = (await gather('Ada')) as [Room];
  await ada.setLocalPlayers(4);
  const duel = { ...tapGame, playersMax: 2 };
  const error = await failure(ada.startMatch(duel, play));
  expect(error.code).toBe('invalid-argument');
  expect(error.message).toMatch(/has 4 players, the game "tap" takes 2/);
});

test('waiting for a match ends with its signal, with the room, and with leaving during the start', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  const controller = new AbortController();
  const aborted = failure(bob.nextMatch(tapGame, { ...play, signal: controller.signal }));
  controller.abort();
  expect((await aborted).code).toBe('aborted');
  const starting = failure(ada.startMatch(tapGame, play));
  await next(ada, 'match-starting');
  const waiting = failure(bob.nextMatch(makeTapGame('1'), play));
  await pause(20);
  await bob.leave();
  expect(['aborted', 'not-in-room']).toContain((await waiting).code);
  await ada.leave();
  expect((await starting).code).toMatch(/^(aborted|start-timeout)$/);
  expect((await failure(bob.nextMatch(tapGame, play))).code).toBe('not-in-room');
});

test('a member whose link broke is linked again', async () => {
  const [ada, bob] = (await gather('Ada', 'Bob')) as [Room, Room];
  await until(() => ada.links.get(bob.self) === 'open');
  const phases: string[] = [];
  ada.on('link-changed', ({ phase }) => phases.push(phase));
  stage.network.cut(ada.self, bob.self);
  stage.network.heal(ada.self, bob.self);
  await until(() => ada.links.get(bob.self) === 'open');
  expect(phases[0]).toBe('lost');
  expect(phases.at(-1)).toBe('open');
});
