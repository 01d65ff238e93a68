/** One desk of a member against frames made by hand, and newcomers that ask it: for its tests. */
import { JoinDesk, type JoinDeskOptions } from '../../../sdk/src/session/join-desk.js';
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { NO_FRAME, NO_OWNER, SlotLog } from '../../../sdk/src/session/slot-log.js';
import { WIRE_VERSION } from '../../../sdk/src/wire/handshake-message.js';
import { decodeManifest, type Manifest } from '../../../sdk/src/wire/join-manifest.js';
import {
  decodeAttest,
  decodeJoin,
  decodeJoinReply,
  encodeJoin,
  encodeManifestRequest,
  type Join,
  joinKeyOf,
  matchIdDigest,
} from '../../../sdk/src/wire/join-messages.js';

/** Newest frame that is confirmed. */
export const CONFIRMED = 3000;
const PLAYERS = 3;
/** Slots of the game: the last one was never played. */
export const SLOTS = 4;
const KEY = joinKeyOf('m');

/** What is asked for in a JOIN that names nothing else. */
export const ASKS: Join = {
  ...{ wireVersion: WIRE_VERSION, match: matchIdDigest('m'), game: 2, version: 3, schema: 4 },
  ...{ nonce: 7, slotsWanted: 1, held: undefined },
};

/** Player `self` of three, at frame 3000. */
export function deskOf({ self = 0 } = {}) {
  const peers = Array.from({ length: PLAYERS }, (_, index) => `p${index}`);
  const clock = new MatchClock({ nowMs: 0, framesPerSecond: 50, peerCount: 31, windowFrames: 8 });
  const logs = Array.from({ length: SLOTS }, (_, slot) => new SlotLog(slot, slot, 1));
  for (const log of logs) log.received = CONFIRMED;
  Object.assign(logs[PLAYERS] as SlotLog, { owner: NO_OWNER, control: 'vacant' });
  const shape = { matchKey: 1, senderSlots: 1, cellBytes: 1, vectorLength: SLOTS };
  const remoteAt = (index: number, own: SlotLog[]): RemotePeer =>
    new RemotePeer(peers[index] as string, index, own, shape, 0);
  const remotes = logs
    .slice(0, PLAYERS)
    .flatMap((log, index) => (index === self ? [] : [remoteAt(index, [log])]));
  const asked: string[] = [];
  const said: string[] = [];
  const manifests: Manifest[] = [];
  const state = { final: 0, keepsPace: true, oldest: CONFIRMED - 60, branch: 0 };
  const timeline = {
    ...{ frameConfirmed: CONFIRMED, pausedAt: NO_FRAME, frameStart: 0, inputsStart: 0, captureAt: NO_FRAME },
    simulation: {
      frame: CONFIRMED + 5,
      hashOf: (frame: number) => frame * 2 + state.branch,
      keeps: (frame: number) => frame >= state.oldest,
      copyOf: (frame: number) => {
        const bytes = Uint8Array.of(frame & 0xff, state.branch);
        return { serialize: () => bytes };
      },
    },
  };
  const ownLogs = logs.filter(({ owner }) => owner === self);
  const desk = new JoinDesk({
    setup: {
      ...{ self: `p${self}`, selfIndex: self, peers, logs, ownLogs, matchKey: 1, seed: 5 },
      ...{ policy: { onLost: 'vacate' }, options: { map: 'x' }, playerCount: PLAYERS },
      agreement: { match: 1, game: 2, version: 3, schema: 4, config: 5 },
      game: { playersMax: SLOTS, framesPerSecond: 50, input: { byteLength: 1 } },
    },
    session: { matchId: 'm' },
    ...{ remotes, clock, timeline },
    frameFinal: () => state.final,
    send: (to: string, channel: string, bytes: Uint8Array) => {
      const reply = decodeJoinReply(bytes);
      const manifest = decodeManifest(bytes, KEY);
      if (manifest !== undefined) manifests.push(manifest);
      const about = { reason: '', fromFrame: '', ...reply };
      const kind =
        reply !== undefined
          ? `${reply.status} ${about.reason}${about.fromFrame}`.trim()
          : manifest !== undefined
            ? `manifest of ${manifest.isLog ? 'log to' : 'state'} ${manifest.frame}`
            : decodeAttest(bytes, KEY) !== undefined
              ? 'attest'
              : decodeJoin(bytes) !== undefined
                ? `JOIN for ${decodeJoin(bytes)?.slotsWanted} by ${decodeJoin(bytes)?.nonce}`
                : 'nonsense';
      said.push(`${kind} > ${to}${channel === 'reliable' ? '' : ` ${channel}`}`);
    },
    requested: (peer: string, slotsWanted: number) => asked.push(`${peer} for ${slotsWanted}`),
    keepsPace: () => state.keepsPace,
  } as unknown as JoinDeskOptions);
  let viewId = 0;
  const takeAll = <T>(list: T[]): T[] => list.splice(0, list.length);
  const scene = {
    ...{ desk, peers, logs, ownLogs, remotes, timeline, state, manifests, clock },
    peer: (peer: string) => remotes.find((remote) => remote.peer === peer) as RemotePeer,
    join: (from: string, part: Partial<Join> = {}) =>
      desk.receive(from, encodeJoin({ ...ASKS, ...part }), clock.nowMs),
    /** Asks for the manifest of what it was let in with. */
    fetch: (from: string, part: { nonce?: number; isLog?: boolean } = {}) =>
      desk.receive(
        from,
        encodeManifestRequest({ nonce: 7, isWhole: true, isLog: false, ...part }, KEY),
        clock.nowMs,
      ),
    /** Who has asked, since the last look. */
    asked: () => takeAll(asked),
    /** What it says with one look at that time. */
    saysAt: (nowMs: number): string[] => {
      clock.waitTo(nowMs);
      takeAll(said);
      desk.advance();
      return takeAll(said);
    },
    /** A view lets a peer in, with the state after `frame`. */
    letIn: (peer: string, frame: number, nonce = 7): void => {
      viewId += 1;
      const at = peers.indexOf(peer);
      const index = at < 0 ? peers.length : at;
      peers[index] = peer;
      const remote = Object.assign(remoteAt(index, []), { nonce, isFetching: true });
      const known = remotes.findIndex((it) => it.index === index);
      remotes.splice(known < 0 ? remotes.length : known, known < 0 ? 0 : 1, remote);
      desk.applied([{ index, peer, nonce }], frame, viewId);
    },
    /** It asked and was let in, with the state after that frame, which is final. */
    bring: (peer: string, frame = CONFIRMED): void => {
      scene.join(peer);
      desk.admit(peer, undefined);
      scene.letIn(peer, frame);
      if (state.final < frame) state.final = frame;
    },
  };
  return scene;
}
