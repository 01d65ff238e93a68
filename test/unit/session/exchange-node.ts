/** A member of a match reduced to its frame exchange, and packets made by hand: for the tests of both directions. */
import type { Game } from 'rollmesh/session';
import type { OutgoingFacts } from '../../../sdk/src/session/exchange-types.js';
import { FrameExchange } from '../../../sdk/src/session/frame-exchange.js';
import { createRemotes, type RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { prepareSession, type SessionSetup } from '../../../sdk/src/session/session-setup.js';
import { NO_FRAME, type SlotLog } from '../../../sdk/src/session/slot-log.js';
import {
  CLOCK_UNKNOWN,
  createFrameHeader,
  decodeFramePacket,
  FLAG_RELAY,
  FLAG_REPORT,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  REPORT_BYTES,
  REPORT_VIEW_BYTES,
  STAMP_NONE,
  sealFramePacket,
  write16,
  write32,
} from '../../../sdk/src/wire/frame-packet.js';
import { type ChainInput, type ChainState, chainGame, chainInput } from './chain-game.js';

/** A member: its logs, its view of the others, what it told. */
export interface Node {
  readonly setup: SessionSetup<ChainState, ChainInput>;
  readonly remotes: readonly RemotePeer[];
  readonly exchange: FrameExchange;
  readonly wrong: number[];
  readonly equivocations: string[];
  /** Frames beyond it are held and not told; tests set it. */
  limit: number;
}

/** A member of a match of `owners.length` slots; `self` is the index of its peer. */
export function nodeOf(
  owners: readonly number[],
  self: number,
  peerCount: number = Math.max(...owners) + 1,
  input: Game<ChainState, ChainInput>['input'] = chainInput,
): Node {
  const peers = Array.from({ length: peerCount }, (_, index) => String.fromCharCode(97 + index));
  const setup = prepareSession<ChainState, ChainInput>({
    game: { ...chainGame({ playersMax: owners.length }), input },
    matchId: 'm',
    nowMs: 0,
    self: peers[self] as string,
    peers,
    players: owners.map((owner) => ({ peer: peers[owner] as string })),
    readInput: () => ({ v: 0 }),
    send: () => {},
  });
  const node: Node = {
    setup,
    remotes: createRemotes(setup, 0),
    wrong: [],
    equivocations: [],
    limit: NO_FRAME,
  } as never;
  const exchange = new FrameExchange({
    input: setup.game.input,
    matchKey: setup.matchKey,
    logs: setup.logs,
    ownLogs: setup.ownLogs,
    peerCount,
    confirmLimit: () => node.limit,
    onWrong: (frame) => node.wrong.push(frame),
    onEquivocation: (log, frame, { sources }) =>
      node.equivocations.push(`${log.slot} ${frame} ${sources.map((index) => setup.peers[index]).join('+')}`),
  });
  return Object.assign(node, { exchange });
}

/** The log of a slot. */
export function logOf(node: Node, slot: number): SlotLog {
  return node.setup.logs[slot] as SlotLog;
}

/** What a node knows of a peer. */
export function remoteOf(node: Node, index: number): RemotePeer {
  return node.remotes.find((remote) => remote.index === index) as RemotePeer;
}

/** The log of `slot` holds frames 1 to `count`; the input of frame f is f mod 250 + 1. */
export function fill(node: Node, slot: number, count: number): void {
  const log = logOf(node, slot);
  while (log.received < count) log.append(Uint8Array.of(((log.received + 1) % 250) + 1), 0);
  log.firstHand = log.received;
}

/** What goes into a packet at a position. */
export function factsAt(position: number, facts: Partial<OutgoingFacts> = {}): OutgoingFacts {
  const clock = { position, adjustment: 0 } as OutgoingFacts['clock'];
  return { clock, frame: NO_FRAME, report: false, viewId: 0, hears: 0, delayFrames: 0, ...facts };
}

/** What `node` would send to peer `to` now, decoded. */
export function sent(
  node: Node,
  to: number,
  facts: OutgoingFacts,
): { header: FrameHeader; bytes: Uint8Array } {
  const bytes = node.exchange.encode(remoteOf(node, to), facts).slice();
  const header = createFrameHeader();
  const { matchKey, ownLogs, logs } = node.setup;
  const shape = { matchKey, senderSlots: ownLogs.length, cellBytes: 1, vectorLength: logs.length };
  if (!decodeFramePacket(bytes, shape, header)) throw new Error(`${[...bytes]}`);
  return { header, bytes };
}

/** What a packet says. */
export interface Fields {
  readonly frame: number;
  readonly count?: number;
  readonly ack?: number;
  readonly wide?: boolean;
  readonly epoch?: number;
  /** One changed cell per frame: the XOR with the frame before. */
  readonly changes?: readonly number[];
  readonly report?: { readonly view: number; readonly held: readonly number[] };
  readonly relay?: { readonly slot: number; readonly first: number; readonly changes: readonly number[] };
}

/** Cells in which every frame changes by so much; 0 for none. */
function cellsOf(changes: readonly number[]): number[] {
  const cells: number[] = [];
  for (let at = 0; at < changes.length; at += 8) {
    const group = changes.slice(at, at + 8);
    cells.push(group.reduce((bits, change, index) => (change === 0 ? bits : bits | (1 << index)), 0));
    cells.push(...group.filter((change) => change !== 0));
  }
  return cells;
}

function packetOf(node: Node, fields: Fields): Uint8Array {
  const {
    frame,
    changes = [],
    count = changes.length,
    ack = 0,
    wide = false,
    epoch = 0,
    report,
    relay,
  } = fields;
  const inputs = changes.length > 0 ? cellsOf(changes) : new Array<number>((count + 7) >> 3).fill(0);
  const out = new Uint8Array(1100);
  let at = FRAME_HEADER_BYTES + (wide ? 1 : 0);
  out.set(inputs, at);
  at += inputs.length;
  if (report !== undefined) {
    write16(out, at, CLOCK_UNKNOWN);
    at += REPORT_BYTES;
    out[at - 1] = report.held.length;
    out[at] = report.view;
    write32(out, at + 1, 7);
    at += REPORT_VIEW_BYTES;
    for (const held of report.held) {
      write16(out, at, held);
      at += 2;
    }
  }
  if (relay !== undefined) {
    out[at] = relay.slot;
    write16(out, at + 1, relay.first);
    out[at + 3] = relay.changes.length;
    const cells = cellsOf(relay.changes);
    out.set(cells, at + 4);
    at += 4 + cells.length;
  }
  const flags = (wide ? FLAG_WIDE_ACK : 0) | (report ? FLAG_REPORT : 0) | (relay ? FLAG_RELAY : 0);
  const { matchKey } = node.setup;
  sealFramePacket(out, at, { matchKey, flags, frame, stamp: STAMP_NONE, ack, count, epoch });
  return out.slice(0, at);
}

/** Hands a packet of peer `from` over; returns whether it was taken. */
export function take(
  node: Node,
  from: number,
  fields: Fields,
  at: { confirmed?: number; simulated?: number } = {},
): boolean {
  const { confirmed = 0, simulated = 0 } = at;
  return (
    node.exchange.apply(remoteOf(node, from), packetOf(node, fields), confirmed, simulated) !== undefined
  );
}

/** The inputs that a log holds. */
export function valuesOf(log: SlotLog): number[] {
  return Array.from(
    { length: log.received },
    (_, index) => log.cells.bytes[log.cells.offsetOf(index + 1)] as number,
  );
}
