/**
 * A whole session as a fuzz target: real packets of a running mesh, mutated and sealed again, are handed to `receive` in the
 * name of a member, and the match goes on. Whatever a member says, neither `receive` nor `advance` may throw.
 */
import { defineInput, int } from 'rollmesh/state';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { encodeGoodbye, HELLO_KEY } from '../../../sdk/src/wire/handshake-message.js';
import { joinKeyOf, KIND_CHUNK, KIND_JOIN, KIND_JOIN_REPLY } from '../../../sdk/src/wire/join-messages.js';
import { encodePace } from '../../../sdk/src/wire/pace-message.js';
import type { ViewBody } from '../../../sdk/src/wire/view-body.js';
import {
  decodeViewMessage,
  encodeForward,
  encodeViewMessage,
  KIND_FORWARD,
  type ViewMessage,
} from '../../../sdk/src/wire/view-messages.js';
import { type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from '../../unit/session/chain-game.js';
import type { FuzzTarget } from './fuzzer.js';
import { must, sealAt } from './wire-targets.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;

const KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;
/** Byte 0: what world the packet arrives in. Byte 1: from, to, and how long the match goes on afterwards. */
const PLACE_BYTES = 2;
/** Packets a world takes before it is made anew: by then it is often a wreck. */
const PACKETS_PER_WORLD = 100;
/** How long the match goes on after a packet, by the upper bits of byte 1. */
const PAUSES_MS = [0, 0, 0, 0, 0, 4, 8, 17];

interface World {
  readonly mesh: Mesh;
  readonly packets: readonly MeshPacket[];
  taken: number;
}

interface Kind {
  readonly peerCount: number;
  readonly owners?: readonly number[];
  readonly onLost?: 'pause';
  /** The last peer is a newcomer. */
  readonly joins?: true;
}

const KINDS: readonly Kind[] = [
  { peerCount: 2 },
  { peerCount: 4 },
  { peerCount: 4, owners: [0, 1, 2] },
  { peerCount: 3, owners: [0, 1, 1, 2], onLost: 'pause' },
  { peerCount: 4, owners: [0, 1, 2], joins: true },
];
/** What has happened before the first packet: still greeting, playing, a member silent, lost, or gone with a goodbye. */
const STORIES = ['greeting', 'playing', 'silent', 'lost', 'left'] as const;
/** A newcomer asks this long after the match began. */
const JOIN_AT_MS = 500;
/** How far a join has come before the first packet, by the place of a story. */
const JOINED_FOR_MS = [20, 120, 220, 350, 700];

/** A match that a newcomer is about to get into. */
function joiningMesh({ peerCount }: Kind, joinedForMs: number, packets: MeshPacket[]): Mesh {
  const ids = Array.from({ length: peerCount - 1 }, (_, index) => String.fromCharCode(97 + index));
  const mesh: Mesh = new VirtualMesh({
    seed: 1,
    peerCount,
    game: chainGame({ playersMax: 4 }),
    conditions: { oneWayMs: 20, jitterMs: 4, loss: 0.02 },
    readInput: changing(0.3),
    createdAtMs: (index) => (index < peerCount - 1 ? 0 : JOIN_AT_MS),
    session: (index) =>
      index < peerCount - 1 ? { peers: ids, players: ids.map((peer) => ({ peer })) } : { join: true },
    intercept: (packet) => {
      packets.push(packet);
      return [packet.bytes];
    },
  });
  mesh.run(JOIN_AT_MS - 50);
  for (const { session } of mesh.peers.slice(0, -1))
    session.on('join-requested', ({ peer }) => session.admitJoin(peer));
  mesh.run(50 + joinedForMs);
  return mesh;
}

function createWorld(number: number): World {
  const kind = KINDS[number % KINDS.length] as Kind;
  const place = Math.floor(number / KINDS.length) % STORIES.length;
  const packets: MeshPacket[] = [];
  const mesh =
    kind.joins === true
      ? joiningMesh(kind, JOINED_FOR_MS[place] as number, packets)
      : playingMesh(kind, STORIES[place] as (typeof STORIES)[number], packets);
  return { mesh, packets, taken: 0 };
}

function playingMesh(kind: Kind, story: (typeof STORIES)[number], packets: MeshPacket[]): Mesh {
  const { peerCount, owners, onLost } = kind;
  const mesh: Mesh = new VirtualMesh({
    seed: 1,
    peerCount,
    ...(owners === undefined ? {} : { owners }),
    // Not every byte is an input.
    game: { ...chainGame({ playersMax: 4 }), input: defineInput({ v: int(0, 99) }) },
    conditions: { oneWayMs: 30, jitterMs: 8, loss: 0.02 },
    readInput: changing(0.3),
    session: () => ({ lostAfterMs: 600, ...(onLost === undefined ? {} : { onLost }) }),
    intercept: (packet) => {
      packets.push(packet);
      return [packet.bytes];
    },
  });
  const last = peerCount - 1;
  mesh.run(150);
  if (story !== 'greeting') mesh.run(600);
  if (story === 'left') mesh.peers[last]?.session.leave(mesh.nowMs + 100_000);
  if (story === 'silent' || story === 'lost') {
    // Its last packets reach only some of the others: reports then carry the inputs that the coordinator lacks.
    mesh.cut(last, 0);
    mesh.run(120);
    mesh.sleep(last, 60_000);
  }
  if (story === 'silent') mesh.run(500);
  if (story === 'lost') mesh.run(1100);
  return mesh;
}

const WORLD_COUNT = KINDS.length * STORIES.length;
const worlds = new Map<number, World>();

function worldOf(number: number): World {
  const known = worlds.get(number);
  if (known !== undefined && known.taken < PACKETS_PER_WORLD) return known;
  const made = createWorld(number);
  worlds.set(number, made);
  return made;
}

/** The same message with eight unchanged frames more: what a member that holds more would say. */
function longer(message: ViewMessage): ViewMessage | undefined {
  const cells = Uint8Array.of(0);
  const body = (from: ViewBody): ViewBody => ({
    ...from,
    cuts: from.cuts.map(({ slot, cut }) => ({ slot, base: cut, cut: cut + 8, cells })),
  });
  if (message.kind === 'accept' || message.kind === 'commit') return { ...message, body: body(message.body) };
  if (message.kind !== 'report') return undefined;
  return { ...message, held: message.held.map(({ slot, frame }) => ({ slot, frame: frame + 8, cells })) };
}

/** One packet of each kind that each world carried, and the two that only a test sends. */
function seeds(): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let number = 0; number < WORLD_COUNT; number += 1) {
    const kinds = new Map<string, MeshPacket>();
    for (const packet of createWorld(number).packets) {
      const first = packet.bytes[0] as number;
      kinds.set(`${first < 0x80 ? first & 15 : first} ${packet.from} ${packet.to}`, packet);
    }
    for (const { from, to, bytes } of kinds.values()) {
      const add = (content: Uint8Array): void => {
        all.push(Uint8Array.from([number, from | (to << 2), ...content]));
      };
      add(bytes);
      const message = decodeViewMessage(bytes, KEY, 1);
      if (message === undefined) continue;
      add(encodeForward({ from, to, message: bytes }, KEY));
      const more = longer(message);
      if (more !== undefined) add(encodeViewMessage(more, KEY));
    }
    all.push(Uint8Array.from([number, 1, ...encodeGoodbye(40, KEY)]));
    for (const pace of ['pause', 'resume'] as const)
      all.push(Uint8Array.from([number, 1, ...encodePace(pace, KEY)]));
  }
  return all;
}

/** The sessions under fire. */
export function createSessionTarget(): FuzzTarget {
  return {
    name: 'session',
    bytesMax: 600,
    reachesAll: false,
    decoder:
      /^sdk\/src\/session\/(?:packet-intake\.ts:PacketIntake\.|frame-exchange\.ts:FrameExchange\.(?:apply|#a|#load|#note|stage)|remote-peer\.ts:RemotePeer\.(?:note|keep)|view-change\.ts:ViewChange\.|handshake\.ts:Handshake\.receive|join-desk\.ts:|joiner\.ts:|state-offer\.ts:|state-fetch\.ts:|chunk-fetch\.ts:|manifest-vote\.ts:|view-(?:attempt|value)\.ts:|planner\.ts:|desync-check\.ts:DesyncCheck\.receive)/,
    seeds: seeds(),
    seal(input) {
      const kind = input[PLACE_BYTES] ?? 0;
      // A forwarded message has a checksum of its own inside.
      if (kind === KIND_FORWARD) sealAt(input, PLACE_BYTES + 5, KEY);
      const isJoin = kind >= KIND_JOIN && kind <= KIND_CHUNK;
      const isOpen = kind === KIND_JOIN || kind === KIND_JOIN_REPLY;
      sealAt(input, PLACE_BYTES, isOpen ? HELLO_KEY : isJoin ? joinKeyOf('match') : KEY);
    },
    run(input) {
      const number = (input[0] ?? 0) % WORLD_COUNT;
      const place = input[1] ?? 0;
      const world = worldOf(number);
      const { mesh } = world;
      world.taken += 1;
      const from = (place & 3) % mesh.peers.length;
      const to = ((place >> 2) & 3) % mesh.peers.length;
      if (from === to) return;
      const channel = (place & 16) === 0 ? 'unreliable' : 'reliable';
      try {
        mesh.deliver({ from, to, channel, bytes: input.slice(PLACE_BYTES) });
        mesh.run(PAUSES_MS[place >> 5] as number);
      } catch (error) {
        worlds.delete(number);
        throw error;
      }
      for (const { session } of mesh.peers) {
        const { frameConfirmed, frameFinal, frameCurrent } = session;
        must(
          frameFinal <= frameConfirmed && frameConfirmed <= frameCurrent,
          'final, confirmed, current are out of order',
        );
      }
    },
  };
}
