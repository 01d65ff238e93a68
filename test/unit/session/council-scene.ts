/** One council with real membership, view change and planner, against frames and a desk made by hand: for its tests. */
import { Council, type CouncilOptions } from '../../../sdk/src/session/council.js';
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { NO_FRAME, type SlotControl, SlotLog } from '../../../sdk/src/session/slot-log.js';
import { decodeStranger } from '../../../sdk/src/wire/handshake-message.js';
import { decodePace } from '../../../sdk/src/wire/pace-message.js';
import { NO_PLAN, type ViewBody } from '../../../sdk/src/wire/view-body.js';
import { decodeForward, decodeViewMessage, type ViewMessage } from '../../../sdk/src/wire/view-messages.js';
import { message, type Part } from './view-scene.js';

/** Key of the match of these tests. */
export const KEY = 77;
/** Nothing is decided. */
export const NOTHING: ViewBody = { ...NO_PLAN, removed: 0, late: 0, frame: 0, cuts: [] };
/** Newest frame that everybody has sent. */
export const SENT = 100;

/** What may differ of a match. */
export interface CouncilRules {
  readonly self?: number;
  readonly players?: number;
  readonly watchers?: number;
  readonly onLost?: 'vacate' | 'pause' | 'end' | 'bot';
  readonly substitutes?: boolean;
}

/** The inputs of a slot end after `cut`, which everybody has. */
export function cutOf(slot: number, cut = SENT): ViewBody['cuts'][number] {
  return { slot, base: cut, cut, cells: new Uint8Array(0) };
}

/** What is in a message: its kind, and for messages of the view change all of it. */
function nameOf(bytes: Uint8Array): { name: string; view?: ViewMessage } {
  const view = decodeViewMessage(bytes, KEY, 1);
  if (view !== undefined) return { name: view.kind, view };
  const forward = decodeForward(bytes, KEY);
  if (forward !== undefined)
    return { name: `${nameOf(forward.message).name} from ${forward.from} to ${forward.to} by` };
  const stranger = decodeStranger(bytes, KEY);
  if (stranger !== undefined) return { name: `unknown in view ${stranger}` };
  return { name: decodePace(bytes, KEY) ?? 'nonsense' };
}

/** Players first, each with the slot of its index and 100 frames, then watchers; all are heard up to now. */
export function councilOf(rules: CouncilRules = {}) {
  const { self = 0, players = 3, watchers = 0, onLost = 'vacate', substitutes = true } = rules;
  const peers = Array.from({ length: players + watchers }, (_, index) => `p${index}`);
  const clock = new MatchClock({ nowMs: 0, framesPerSecond: 50, peerCount: 31, windowFrames: 8 });
  const logs = Array.from({ length: players }, (_, slot) => new SlotLog(slot, slot, 1));
  for (const log of logs) log.received = SENT;
  const ownLogs = logs.filter(({ owner }) => owner === self);
  const shape = { matchKey: KEY, senderSlots: 1, cellBytes: 1, vectorLength: peers.length };
  const remotes = peers.flatMap((peer, index) => {
    const own = logs.filter(({ owner }) => owner === index);
    return index === self ? [] : [new RemotePeer(peer, index, own, shape, 0)];
  });
  /** What the session is told. */
  const told: string[] = [];
  /** What becomes of frames, and what the desk is told. */
  const done: string[] = [];
  const sent: string[] = [];
  const messages: ViewMessage[] = [];
  const able = { endInputs: true, schedule: true, pause: true };
  const state = { final: 5, attended: 0, guests: undefined as ReturnType<CouncilOptions['desk']['wanted']> };
  const timeline = {
    confirmLimit: NO_FRAME,
    pausedAt: NO_FRAME,
    endInputs: (log: SlotLog, cut: number, control: SlotControl) => {
      log.received = cut;
      log.change(cut + 1, control);
      done.push(`slot ${log.slot} ${control} after ${cut}`);
      return able.endInputs;
    },
    schedule: (log: SlotLog, frame: number, control: SlotControl, owner = log.owner) => {
      if (control === 'owner') log.reopen(frame, owner);
      else log.change(frame, control);
      done.push(`slot ${log.slot} ${control === 'owner' ? `of ${owner}` : control} from ${frame}`);
      return able.schedule;
    },
    pauseBefore: (frame: number) => {
      timeline.pausedAt = frame - 1;
      return able.pause;
    },
  };
  const exchange = {
    viewId: 0,
    held: peers.map(() => logs.map(() => SENT)),
    stage: () => true,
    reopened: ({ slot }: SlotLog, frame: number) => done.push(`slot ${slot} is sent anew from ${frame}`),
    seated: () => done.push(`own slots ${ownLogs.map(({ slot }) => slot)}`),
  };
  const council = new Council({
    setup: {
      ...{ self: `p${self}`, peers, selfIndex: self, logs, ownLogs, lostAfterMs: 3000, lateAfterMs: 250 },
      ...{ onLost, substitutes, matchKey: KEY },
    },
    ...{ remotes, clock, timeline },
    exchange,
    desk: {
      advance: () => {
        state.attended += 1;
      },
      wanted: () => state.guests,
      paused: (viewId: number) => done.push(`paused by view ${viewId}`),
      applied: (newcomers: ViewBody['newcomers'], frame: number, viewId: number) => {
        if (newcomers.length > 0)
          done.push(`${newcomers.map(({ peer }) => peer)} at ${frame} by view ${viewId}`);
      },
      seated: (peer: string) => done.push(`${peer} seated`),
    },
    welcome: ({ index, peer }: ViewBody['newcomers'][number], frame: number) => {
      peers[index] = peer;
      const at = remotes.findIndex((remote) => remote.index === index);
      remotes.splice(at < 0 ? remotes.length : at, at < 0 ? 0 : 1, new RemotePeer(peer, index, [], shape, 0));
      done.push(`welcome ${peer} at ${frame}`);
    },
    forks: () => done.push('fork'),
    frameFinal: () => state.final,
    send: (to: RemotePeer, channel: string, bytes: Uint8Array) => {
      const { name, view } = nameOf(bytes);
      sent.push(`${name} ${to.index} ${channel}`);
      if (view !== undefined && channel === 'reliable') messages.push(view);
    },
    events: {
      late: ({ peer }: RemotePeer, silentMs: number) => told.push(`${peer} late ${silentMs}`),
      back: ({ peer }: RemotePeer, silentMs: number) => told.push(`${peer} back ${silentMs}`),
      left: ({ peer }: RemotePeer, cut: number, reason: string) => told.push(`${peer} ${reason} at ${cut}`),
      substituted: (peer: string, cut: number) => told.push(`${peer} substituted after ${cut}`),
      joined: (peer: string, slots: readonly number[], frame: number) =>
        told.push(`${peer} joined with [${slots}] at ${frame}`),
      returned: (peer: string, frame: number) => told.push(`${peer} returned at ${frame}`),
      moved: (phase: string) => told.push(phase),
      ended: (reason: string) => told.push(`ended: ${reason}`),
    },
  } as unknown as CouncilOptions);
  const silent = new Set<number>();
  let nowMs = 0;
  const takeAll = <T>(list: T[]): T[] => list.splice(0, list.length);
  return {
    ...{ council, clock, remotes, logs, ownLogs, timeline, exchange, able, state, silent, messages },
    peer: (index: number) => remotes.find((remote) => remote.index === index) as RemotePeer,
    /** Looks every 20 ms; who is not silent is heard each time. */
    runTo: (toMs: number) => {
      while (nowMs < toMs) {
        nowMs = Math.min(toMs, nowMs + 20);
        clock.waitTo(nowMs);
        for (const remote of remotes)
          if (!silent.has(remote.index) && remote.member) council.membership.heard(remote, nowMs);
        council.advance();
      }
    },
    take: (from: number, kind: ViewMessage['kind'], part: Part = {}) =>
      council.viewChange.receive(from, message(kind, from, { viewId: council.viewId + 1, ...part }), nowMs),
    /** The others decided this in the next view. */
    decide: (body: Partial<ViewBody>, from = remotes[0]?.index ?? 0) =>
      council.viewChange.receive(
        from,
        message('commit', from, { viewId: council.viewId + 1, body: { ...NOTHING, ...body } }),
        nowMs,
      ),
    told: () => takeAll(told),
    done: () => takeAll(done),
    /** What was sent since the last look: what, to whom, on which channel. */
    sent: () => takeAll(sent),
  };
}
