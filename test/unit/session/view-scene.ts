/** One voter against a host made by hand, and messages made by hand: for the tests of the view change. */
import { SlotLog } from '../../../sdk/src/session/slot-log.js';
import { ViewChange } from '../../../sdk/src/session/view-change.js';
import type { ViewHost } from '../../../sdk/src/session/view-host.js';
import { NO_PLAN, type ViewBody } from '../../../sdk/src/wire/view-body.js';
import type { ViewMessage } from '../../../sdk/src/wire/view-messages.js';

const PEERS = 4;
/** All four peers. */
export const ALL = 0b1111;
/** Nothing is wanted. */
export const NOBODY = { suspects: 0, lost: 0, lateSuspects: 0, late: 0, plan: undefined };
/** The last peer is lost. */
export const WITHOUT_3 = { ...NOBODY, suspects: 8, lost: 8 };
/** The last peer is removed at frame 20. */
export const BODY: ViewBody = {
  ...NO_PLAN,
  ...{ removed: 8, late: 0, frame: 0, cuts: [{ slot: 3, base: 20, cut: 20, cells: new Uint8Array(0) }] },
};

/** What the host saw, and what it says. */
export interface Scene {
  readonly change: ViewChange;
  readonly logs: readonly SlotLog[];
  readonly applied: ViewBody[];
  readonly vouched: [number, number][];
  /** Late peers whose substitution was rejected. */
  readonly denied: number[];
  /** Peers that were found to follow another branch. */
  readonly strayed: number[];
  readonly limits: number[];
  voters: number;
  gone: number;
  /** How long the match has stood still, ms. */
  waitedMs: number;
  hears: number;
  final: number;
  /** Whether staged cells continue their log. */
  stages: boolean;
  readonly staged: [number, number, number][];
  /** What was said since the last look: to whom, and what. */
  said(): string[];
  readonly messages: ViewMessage[];
}

/** Peer `self` of four; each owns the slot of its index and has sent 20 frames. */
export function sceneOf(self: number): Scene {
  const logs = Array.from({ length: PEERS }, (_, slot) => new SlotLog(slot, slot, 1));
  for (const log of logs) log.received = 20;
  let said: string[] = [];
  const scene = {
    logs,
    applied: [],
    vouched: [],
    denied: [],
    strayed: [],
    limits: [],
    messages: [],
    voters: ALL,
    gone: 0,
    waitedMs: 0,
    hears: 0,
    final: 5,
    stages: true,
    staged: [],
  } as unknown as Scene;
  const host: ViewHost = {
    isIn: () => true,
    selfIndex: self,
    logs,
    voters: () => scene.voters,
    gone: () => scene.gone,
    audience: () => scene.voters,
    hears: (index) => (scene.hears & (1 << index)) !== 0,
    send: (index, message) => {
      said.push(`${message.kind}>${index}`);
      scene.messages.push(message);
    },
    stage: (log, base, last) => {
      scene.staged.push([log.slot, base, last]);
      return scene.stages;
    },
    startOf: () => 0,
    frameFinal: () => scene.final,
    waitedMs: () => scene.waitedMs,
    leadFrames: () => 12,
    limitConfirm: (frame) => scene.limits.push(frame),
    apply: (body) => scene.applied.push(body),
    strays: (index) => {
      scene.strayed.push(index);
      return scene.strayed.indexOf(index) === scene.strayed.length - 1;
    },
    vouched: (mask, by) => scene.vouched.push([mask, by]),
    denied: (mask) => scene.denied.push(mask),
  };
  return Object.assign(scene, {
    change: new ViewChange(host),
    said: () => {
      const before = said;
      said = [];
      return before;
    },
  });
}

/** The last message of a kind. */
export function lastOf<K extends ViewMessage['kind']>(
  scene: Scene,
  kind: K,
): Extract<ViewMessage, { kind: K }> {
  const found = scene.messages.filter((message) => message.kind === kind).pop();
  if (found === undefined) throw new Error(`no ${kind} was sent`);
  return found as Extract<ViewMessage, { kind: K }>;
}

/** Fields of a message. */
export type Part = { readonly [name: string]: unknown };
/** A message with usual contents. */
export function message(kind: ViewMessage['kind'], voter: number, part: Part = {}): ViewMessage {
  const { round = 1, viewId = 1, ...rest } = part;
  const defaults: { readonly [name: string]: Part } = {
    propose: { removed: 8, late: 0, lead: 0, completing: false, held: [] },
    report: {
      limit: 0x3fffffff,
      held: [{ slot: 3, frame: 20, cells: new Uint8Array(0) }],
      accepted: undefined,
    },
    reject: { hears: 0, promisedRound: 0 },
    accept: { body: BODY },
    commit: { body: BODY },
  };
  return { kind, viewId, ballot: { round, voter }, ...defaults[kind], ...rest } as unknown as ViewMessage;
}
