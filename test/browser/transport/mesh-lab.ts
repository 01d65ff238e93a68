/** Runs in the test pages: meshes on a relay or on a hub inside the page, and what happened to them. */
import {
  createMesh,
  type LinkChannel,
  type Mesh,
  type MeshOptions,
} from '../../../sdk/src/transport/index.js';
import type { Signal, SignalChannel } from '../../../sdk/src/transport/signal-channel.js';
import { connectHostile } from './hostile-peer.js';

/** A link-changed event with its time. */
export interface Change {
  readonly atMs: number;
  readonly peer: string;
  readonly phase: string;
  readonly reason?: string;
  readonly detail?: string;
}

interface Entry {
  readonly mesh: Mesh;
  readonly changes: Change[];
  /** Numbers received, by `from/channel`. */
  readonly numbers: Map<string, number[]>;
  readonly drained: string[];
  leave(): void;
}

/** What a page's script offers the test. */
export interface MeshLab {
  join(room: string, peer: string, options?: JoinOptions): Promise<void>;
  joinHub(hub: string, peer: string): void;
  mesh(peer: string): Mesh;
  links(peer: string): Readonly<Record<string, string>>;
  changes(peer: string): readonly Change[];
  /** Resolves with the milliseconds it took until `count` links were open. */
  opened(peer: string, count: number): Promise<number>;
  /** Resolves with the first such change after `sinceMs`. */
  changed(peer: string, other: string, phase: string, sinceMs?: number): Promise<Change>;
  /** Sends numbered messages, `perSecond` of them a second; resolves with how many were refused. */
  sendNumbers(peer: string, order: SendOrder): Promise<number>;
  numbers(peer: string, from: string, channel: LinkChannel): readonly number[];
  drained(peer: string): readonly string[];
  leave(peer: string): void;
  readonly connectHostile: typeof connectHostile;
}

/** How a mesh joins. */
export interface JoinOptions extends Pick<MeshOptions, 'iceServers' | 'maxPeers' | 'iceTransportPolicy'> {
  /** Wants links to all who ever were in the room. Default true. */
  readonly follow?: boolean;
  /** How many times faster than time the clock of the mesh runs. Default 1. */
  readonly speed?: number;
}

/** What `sendNumbers` sends. */
export interface SendOrder {
  readonly to: string;
  readonly channel: LinkChannel;
  readonly count: number;
  readonly perSecond: number;
  /** Size of each message in bytes. Default 20. */
  readonly bytes?: number;
}

declare global {
  var meshLab: MeshLab;
}

const entries = new Map<string, Entry>();
const hubs = new Map<string, Map<string, (from: string, signal: Signal) => void>>();
const waiters = new Set<() => void>();

function entryOf(peer: string): Entry {
  const entry = entries.get(peer);
  if (entry === undefined) throw new Error(`No mesh ${peer} in this page.`);
  return entry;
}

function until<T>(read: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const check = (): void => {
      const value = read();
      if (value === undefined) return;
      waiters.delete(check);
      resolve(value);
    };
    waiters.add(check);
    check();
  });
}

function enter(signals: SignalChannel, options: Partial<MeshOptions>, leave: () => void): Entry {
  const entry: Entry = {
    mesh: createMesh({ ...options, signals }),
    changes: [],
    numbers: new Map(),
    drained: [],
    leave,
  };
  entries.set(signals.self, entry);
  entry.mesh.on('link-changed', ({ type: _, ...change }) => {
    entry.changes.push({ atMs: performance.now(), ...change });
    for (const check of [...waiters]) check();
  });
  entry.mesh.on('message', ({ peer, channel, bytes }) => {
    const key = `${peer}/${channel}`;
    const list = entry.numbers.get(key) ?? [];
    entry.numbers.set(key, list);
    if (bytes.length >= 5) list.push(new DataView(bytes.buffer).getUint32(1));
  });
  entry.mesh.on('drained', ({ peer, channel }) => entry.drained.push(`${peer}/${channel}`));
  return entry;
}

async function join(room: string, peer: string, options: JoinOptions = {}): Promise<void> {
  const { follow = true, speed = 1, ...meshOptions } = options;
  const socket = new WebSocket(location.origin.replace('http', 'ws'));
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  const listeners = new Set<(from: string, signal: Signal) => void>();
  const channel: SignalChannel = {
    self: peer,
    sendSignal: (to, signal) => socket.send(JSON.stringify({ t: 'sig', to, signal })),
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  // A room keeps the seat of a member whose socket is gone for a while.
  const known = new Set<string>();
  const { mesh } = enter(channel, { ...meshOptions, nowMs: () => performance.now() * speed }, () =>
    socket.close(),
  );
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as { t: string; peers: string[]; from: string; signal: Signal };
    if (message.t === 'sig') for (const listener of listeners) listener(message.from, message.signal);
    if (message.t !== 'peers') return;
    for (const other of message.peers) if (other !== peer) known.add(other);
    if (follow) mesh.setPeers([...known]);
  };
  socket.send(JSON.stringify({ t: 'join', room, peer }));
}

/** Signals inside the page, one task later each, in order. */
function joinHub(hubName: string, peer: string): void {
  const hub = hubs.get(hubName) ?? new Map<string, (from: string, signal: Signal) => void>();
  hubs.set(hubName, hub);
  const channel: SignalChannel = {
    self: peer,
    sendSignal: (to, signal) => {
      const copy = structuredClone(signal);
      setTimeout(() => hub.get(to)?.(peer, copy), 0);
    },
    onSignal: (listener) => {
      hub.set(peer, listener);
      return () => hub.delete(peer);
    },
  };
  enter(channel, {}, () => hub.delete(peer));
  for (const member of hub.keys())
    entries.get(member)?.mesh.setPeers([...hub.keys()].filter((other) => other !== member));
}

function sendNumbers(peer: string, order: SendOrder): Promise<number> {
  const { to, channel, count, perSecond, bytes = 20 } = order;
  const { mesh } = entryOf(peer);
  const message = new Uint8Array(bytes);
  let sent = 0;
  let refused = 0;
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - startedAtMs) * perSecond) / 1000));
      for (; sent < due; sent += 1) {
        new DataView(message.buffer).setUint32(1, sent);
        if (!mesh.send(to, channel, message)) refused += 1;
      }
      if (sent < count) return;
      clearInterval(timer);
      resolve(refused);
    }, 5);
  });
}

const startedAtMs = performance.now();

globalThis.meshLab = {
  join,
  joinHub,
  sendNumbers,
  connectHostile,
  mesh: (peer) => entryOf(peer).mesh,
  links: (peer) => Object.fromEntries(entryOf(peer).mesh.links),
  changes: (peer) => entryOf(peer).changes,
  opened: (peer, count) =>
    until(() => {
      const open = [...entryOf(peer).mesh.links.values()].filter((phase) => phase === 'open').length;
      return open >= count ? performance.now() - startedAtMs : undefined;
    }),
  changed: (peer, other, phase, sinceMs = 0) =>
    until(() =>
      entryOf(peer).changes.find(
        (change) => change.peer === other && change.phase === phase && change.atMs >= sinceMs,
      ),
    ),
  numbers: (peer, from, channel) => entryOf(peer).numbers.get(`${from}/${channel}`) ?? [],
  drained: (peer) => entryOf(peer).drained,
  leave: (peer) => {
    entryOf(peer).mesh.close();
    entryOf(peer).leave();
  },
};
