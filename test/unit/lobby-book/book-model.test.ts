/**
 * The lobby book against a model of a few lines: any order of creating, joining, leaving, dropping, resuming and waiting
 * keeps codes unique, rooms within their size, revs without gaps, and every member's picture equal to the truth.
 */
import fc from 'fast-check';
import type {
  MemberSnapshot,
  RoomEventMessage,
  RoomSnapshot,
  ServerMessage,
} from '../../../sdk/src/lobby/lobby-protocol.js';
import { BookHarness, last, peerOf, type Socket } from './book-harness.js';

const PEERS = 6;
const PLAYERS_MAX = 3;

/** A member's picture of its room, made from the snapshot and the events alone, as a client would. */
function applyEvent(room: RoomSnapshot, event: RoomEventMessage): RoomSnapshot {
  const patch = (peer: string, change: object): RoomSnapshot['members'] =>
    room.members.map((member) => (member.peer === peer ? { ...member, ...change } : member));
  const { rev } = event;
  switch (event.t) {
    case 'peer-join':
      return { ...room, rev, members: [...room.members, event.member] };
    case 'peer-leave':
      return { ...room, rev, members: room.members.filter((member) => member.peer !== event.peer) };
    case 'peer-away':
      return { ...room, rev, members: patch(event.peer, { awayUntilMs: event.untilMs }) };
    case 'peer-back':
      return { ...room, rev, members: patch(event.peer, { awayUntilMs: null }) };
    case 'member': {
      const { t: _t, room: _room, rev: _rev, peer, ...change } = event;
      return { ...room, rev, members: patch(peer, change) };
    }
    case 'room': {
      const { t: _t, room: _room, rev: _rev, ...change } = event;
      return { ...room, ...change, rev };
    }
    case 'owner':
      return { ...room, rev, owner: event.peer };
    case 'start': {
      const { t: _t, room: _room, rev: _rev, delayMs: _delayMs, ...match } = event;
      return { ...room, rev, match };
    }
    case 'chat':
      return { ...room, rev };
  }
}

/** One player of the model: its socket, its token, and its picture of the room. */
class Player {
  socket: Socket | undefined;
  token: string | undefined;
  room: RoomSnapshot | undefined;
  #read = 0;

  attach(socket: Socket): void {
    this.socket = socket;
    this.#read = 0;
  }

  /** Reads what came in; checks that revs have no gaps. */
  read(): void {
    const inbox: readonly ServerMessage[] = this.socket?.inbox ?? [];
    for (const message of inbox.slice(this.#read)) {
      if (message.t === 'welcome') {
        this.token = message.resume;
        this.room = message.room ?? undefined;
      } else if (message.t === 'joined' || message.t === 'snapshot') this.room = message.room;
      else if ('rev' in message) {
        const rev = (this.room?.rev ?? 0) + 1;
        if (message.room !== this.room?.code || message.rev !== rev)
          expect(message).toMatchObject({ room: this.room?.code, rev });
        if (this.room !== undefined) this.room = applyEvent(this.room, message);
      }
    }
    this.#read = inbox.length;
  }
}

class Model {
  readonly h = new BookHarness();
  readonly players = Array.from({ length: PEERS }, () => new Player());
  readonly codes = new Set<string>();

  enter(n: number): void {
    const player = this.players[n] as Player;
    if (player.socket !== undefined) return;
    const { token } = player;
    player.attach(this.h.enter(n + 1, token === undefined ? {} : { resume: token }));
    player.room = undefined;
    this.settle();
  }

  act(n: number, act: (socket: Socket, player: Player) => void): void {
    const player = this.players[n] as Player;
    if (player.socket !== undefined) act(player.socket, player);
    this.settle();
  }

  /** Everybody reads; then all pictures of one room are the same, and the room keeps its promises. */
  settle(): void {
    const pictures = new Map<string, RoomSnapshot>();
    for (const player of this.players) {
      if (player.socket === undefined) continue;
      player.read();
      if (player.room === undefined) continue;
      const { code } = player.room;
      this.codes.add(code);
      const known = pictures.get(code);
      if (known === undefined) pictures.set(code, player.room);
      // Text first: this runs tens of thousands of times, and `expect` is for telling what differs.
      else if (JSON.stringify(player.room) !== JSON.stringify(known)) expect(player.room).toEqual(known);
    }
    for (const room of pictures.values()) this.#checkRoom(room);
    expect(this.h.book.counts.rooms).toBeGreaterThanOrEqual(pictures.size);
  }

  #checkRoom(room: RoomSnapshot): void {
    const slots = room.members.reduce((sum, member) => sum + member.localPlayers, 0);
    const peers = room.members.map((member) => member.peer);
    const faults = [
      slots <= room.playersMax ? '' : `${slots} slots of ${room.playersMax} taken`,
      new Set(peers).size === peers.length ? '' : 'a member is there twice',
      peers.includes(room.owner) ? '' : 'the owner is no member',
      ...room.members.map((member) => this.#faultOf(member, room.code)),
    ];
    const found = faults.filter((fault) => fault !== '');
    if (found.length > 0) expect(found).toEqual([]);
  }

  #faultOf(member: MemberSnapshot, code: string): string {
    const player = this.players.find((_, n) => peerOf(n + 1) === member.peer);
    const isAway = member.awayUntilMs !== null;
    if (isAway !== (player?.socket === undefined)) return `${member.peer} is ${isAway ? '' : 'not '}away`;
    if (!isAway && player?.room?.code !== code) return `${member.peer} is in another room`;
    return isAway && member.awayUntilMs <= this.h.nowMs - 250 ? `${member.peer} should be gone` : '';
  }
}

const n = fc.nat(PEERS - 1);
type Step = (model: Model) => void;

function createStep(index: number, isPublic: boolean): Step {
  return (model) =>
    model.act(index, (socket, player) => {
      const known = new Set(model.codes);
      const wasIn = player.room;
      model.h.say(socket, { t: 'create', playersMax: PLAYERS_MAX, public: isPublic, metadata: {} });
      player.read();
      if (wasIn !== undefined) expect(player.room?.code).toBe(wasIn.code);
      else expect(known.has(player.room?.code ?? '')).toBe(false);
    });
}

function joinStep(index: number, pick: number, role: 'player' | 'spectator'): Step {
  return (model) =>
    model.act(index, (socket, player) => {
      const code = [...model.codes][pick % Math.max(1, model.codes.size)] ?? '00000000';
      const wasIn = player.room?.code;
      model.h.join(socket, code, { role });
      player.read();
      if (wasIn !== undefined) expect(player.room?.code).toBe(wasIn);
      else if (player.room !== undefined) expect(last(socket, 'joined').room.code).toBe(code);
    });
}

const say = (index: number, message: Parameters<BookHarness['say']>[1]): Step => {
  return (model) =>
    model.act(index, (socket, player) => {
      model.h.say(socket, message);
      player.read();
      if (message.t === 'leave') player.room = undefined;
    });
};

function dropStep(index: number): Step {
  return (model) =>
    model.act(index, (socket, player) => {
      model.h.drop(socket);
      player.socket = undefined;
      player.room = undefined;
    });
}

function byeStep(index: number): Step {
  return (model) =>
    model.act(index, (socket, player) => {
      model.h.say(socket, { t: 'bye' });
      model.h.drop(socket);
      Object.assign(player, { socket: undefined, token: undefined, room: undefined });
    });
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: n.map(
      (index): Step =>
        (model) =>
          model.enter(index),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(n, fc.boolean()).map(([index, isPublic]) => createStep(index, isPublic)) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(n, fc.nat(20), fc.constantFrom('player' as const, 'player' as const, 'spectator' as const))
      .map(([index, pick, role]) => joinStep(index, pick, role)),
  },
  { weight: 2, arbitrary: n.map((index) => say(index, { t: 'leave' })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(n, fc.integer({ min: 1, max: 3 }))
      .map(([index, localPlayers]) => say(index, { t: 'me', ready: true, localPlayers })),
  },
  { weight: 1, arbitrary: n.map((index) => say(index, { t: 'set', metadata: { by: index } })) },
  { weight: 1, arbitrary: n.map((index) => say(index, { t: 'start' })) },
  { weight: 1, arbitrary: n.map((index) => say(index, { t: 'chat', text: 'hi' })) },
  { weight: 1, arbitrary: n.map((index) => say(index, { t: 'watch' })) },
  { weight: 3, arbitrary: n.map(dropStep) },
  { weight: 1, arbitrary: n.map(byeStep) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(500, 5_000, 11_000, 31_000).map(
      (ms): Step =>
        (model) => {
          model.h.pass(ms);
          model.settle();
        },
    ),
  },
);

test('codes stay unique, rooms within their size, revs gapless and all pictures equal, whatever happens', () => {
  let resumes = 0;
  let rooms = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), (steps) => {
      const model = new Model();
      for (let index = 0; index < PEERS; index += 1) model.enter(index);
      for (const run of steps) run(model);
      rooms += model.codes.size;
      for (const socket of model.h.sockets.values())
        if (socket.inbox.some((message) => message.t === 'welcome' && message.resumed)) resumes += 1;
      for (const [index] of model.players.entries()) dropStep(index)(model);
      model.h.pass(31_000 + 11_000);
      expect(model.h.book.counts).toEqual({ sessions: 0, rooms: 0, records: 0 });
    }),
    { numRuns: 200 },
  );
  // Without these the run would have proved nothing.
  expect(rooms).toBeGreaterThan(150);
  expect(resumes).toBeGreaterThan(10);
});
