/**
 * Canaries: bugs planted in the real core, one at a time, while it is bundled. Each `find` must occur exactly once in its file, so a
 * canary that no longer fits the source fails by name instead of planting nothing. What must find it: the checkers of the swarm.
 */

/** @typedef {{ file: string, find: string, replace: string }} Planting */
/**
 * @typedef {Planting & { name: string, and?: readonly Planting[], byzantine?: string, peers?: number, seconds?: number, among?: keyof typeof WORLDS }} Canary
 * `and`: what is planted along with it, where two walls stand one behind the other.
 * `among`: the world it lives in, whose plantings come along. Clean code must pass in that world as well.
 */

/** Worlds in which something is wrong that right code lives with, as it happens to nobody who is honest. */
export const WORLDS = {
  'one member sends wrong chunks': [
    {
      file: 'session/state-offer.ts',
      find: 'const bytes = made.bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes);',
      replace:
        'const bytes = made.bytes.slice(index * chunkBytes, (index + 1) * chunkBytes); if (this.#options.spoils) bytes[bytes.length >> 1] ^= 1;',
    },
    {
      file: 'session/join-desk.ts',
      find: 'this.#offer = new StateOffer({ ',
      replace: "this.#offer = new StateOffer({ spoils: options.setup.self === 'p1', ",
    },
  ],
  'one member offers an older state': [
    {
      file: 'session/join-desk.ts',
      find: 'const copy = this.#options.timeline.simulation.copyOf(frame);',
      replace:
        "const copy = this.#options.timeline.simulation.copyOf(frame - (this.#options.setup.self === 'p1' ? 1 : 0));",
    },
    {
      file: 'session/join-desk.ts',
      find: 'stateHash: timeline.simulation.hashOf(frame),',
      replace: "stateHash: timeline.simulation.hashOf(frame - (setup.self === 'p1' ? 1 : 0)),",
    },
  ],
};

/** The last wall before a wrong state: a newcomer looks at the hash of all of it. @type {readonly Planting[]} */
const WITHOUT_STATE_HASH = [
  {
    file: 'session/chunk-fetch.ts',
    find: 'const isRight = this.isComplete && hashBytes(this.#bytes) === this.#outline.bytesHash;',
    replace: 'const isRight = this.isComplete;',
  },
  {
    file: 'session/timeline.ts',
    find: 'return this.simulation.frame === frame && this.simulation.hashOf(frame) === hash;',
    replace: 'return true;',
  },
];

/** @type {readonly Canary[]} */
export const CANARIES = [
  {
    name: 'the hash of the newest frame is taken for that of the confirmed one',
    file: 'session/simulation.ts',
    find: 'const hash = frame === this.frame ? this.store.hash() : this.store.hashSlot(frame & this.#ringMask);',
    replace: 'const hash = this.store.hash();',
  },
  {
    name: 'a rollback loads the state of one frame later',
    file: 'session/simulation.ts',
    find: 'this.store.load(frame & this.#ringMask);',
    replace: 'this.store.load((frame + 1) & this.#ringMask);',
  },
  {
    name: 'a wrong guess is not noticed',
    file: 'session/frame-exchange.ts',
    find: 'if (frame <= simulated && !log.equals(log.used, frame, cell))',
    replace: 'if (frame < simulated - 2 && !log.equals(log.used, frame, cell))',
  },
  {
    name: 'an input log forgets after 64 frames',
    file: 'session/slot-log.ts',
    find: 'const target = this.cells.offsetOf(this.received);',
    replace: 'const target = this.cells.offsetOf(this.received & 63);',
  },
  {
    name: 'only the last three inputs are repeated, whatever is not acknowledged',
    file: 'session/frame-exchange.ts',
    find: 'const first = this.#firstFrameFor(to, newest);',
    replace: 'const first = Math.max(this.#firstFrameFor(to, newest), newest - 2);',
  },
  {
    name: 'the first word of the state is not rolled back',
    file: 'state/define-state.ts',
    find: 'this.#live.set(this.#slot(slot));',
    replace: 'this.#live.set(this.#slot(slot).subarray(1), 1);',
  },
  {
    name: 'the random stream is not rolled back',
    file: 'state/define-state.ts',
    find: 'this.#live.set(this.#slot(slot));',
    replace:
      'const word = this.randomWords[this.randomIndex]; this.#live.set(this.#slot(slot)); this.randomWords[this.randomIndex] = word;',
  },
  {
    name: 'states are compared, and decisions refused, by what a liar claims to hold',
    file: 'session/final-frame.ts',
    find: 'return finalFrame(this.#view, this.#frameConfirmed(), 1);',
    replace: 'return this.frame;',
    byzantine: 'ackFuture',
    seconds: 12,
  },
  {
    name: 'who talks and brings nothing is waited for',
    file: 'session/membership.ts',
    find: 'const isBarren = isWaitedFor && clock.nowMs - remote.broughtAtMs > BARREN_MS;',
    replace: 'const isBarren = false;',
    byzantine: 'gap',
    seconds: 12,
  },
  {
    name: 'what was relayed and taken back is never relayed again',
    file: 'session/frame-exchange.ts',
    find: 'told[log.slot] = value > floor ? value : floor;',
    replace: 'told[log.slot] = Math.max(value, floor, told[log.slot]);',
    byzantine: 'gap',
    seconds: 12,
  },
  {
    name: 'a frame counter wraps at 256',
    file: 'base/frame.ts',
    find: 'const value = near + (((low - near) << 16) >> 16);',
    replace: 'const value = low & 255;',
  },
  {
    name: 'the cut is the minimum of what the survivors hold',
    file: 'session/view-value.ts',
    find: 'const cut = Math.max(...frames);',
    replace: 'const cut = Math.min(...frames);',
    peers: 6,
  },
  {
    name: 'the checksum of a packet is not looked at',
    file: 'wire/frame-packet.ts',
    find: 'if (read16(bytes, 1) !== packetCrc(bytes, length, shape.matchKey)) return false;',
    replace: '',
  },
  {
    name: 'a peer is lost after 0.4 s of silence',
    file: 'session/membership.ts',
    find: "if (goneMs <= Math.max(lostAfterMs / 2, lostAfterMs - PREPARE_MS)) return 'member';",
    replace: "if (goneMs > 400) return 'lost';",
  },
  {
    name: 'two frames more than the prediction window',
    file: 'session/timeline.ts',
    find: 'if (frame - known > this.#windowFrames) {',
    replace: 'if (frame - known > this.#windowFrames + 2) {',
  },
  {
    name: 'one step more than the budget',
    file: 'session/timeline.ts',
    find: 'steps < stepsMax && simulation.frame < due',
    replace: 'steps <= stepsMax && simulation.frame < due',
  },
  {
    name: 'one slot is not waited for',
    file: 'session/timeline.ts',
    find: 'if (log.isActive && log.received < least) least = log.received;',
    replace: 'if (log.isActive && slot !== 1 && log.received < least) least = log.received;',
  },
  {
    name: 'what one voter holds is final',
    file: 'session/final-frame.ts',
    find: 'const needed = Math.min(count, (count >> 1) + 1 + spare);',
    replace: 'const needed = 1;',
  },
  {
    name: 'hashes of frames that are not confirmed here are compared',
    file: 'session/desync-check.ts',
    find: 'if (frame > this.#settled) from.keepHash(frame, hash);',
    replace: 'if (frame > this.#settled + 60) from.keepHash(frame, hash);',
  },
  {
    name: 'an input is stored one frame late',
    file: 'session/own-inputs.ts',
    find: 'else this.#encode(log, log.cells.bytes, log.cells.offsetOf(log.received + 1));',
    replace: 'else this.#encode(log, log.cells.bytes, log.cells.offsetOf(log.received + 2));',
  },
  {
    name: 'a cell that did not change is decoded as neutral',
    file: 'session/frame-exchange.ts',
    find: 'scratch[index] = frame < 1 ? 0 : (ring.bytes[at + index] as number);',
    replace: 'scratch[index] = frame < 1 || frame % 50 === 0 ? 0 : (ring.bytes[at + index] as number);',
  },
  {
    name: 'a frozen log takes more inputs',
    file: 'session/frame-exchange.ts',
    find: '} else if (frame === log.received + 1 && frame <= log.limit) {',
    replace: '} else if (frame === log.received + 1) {',
  },
  {
    name: 'packets never go out while the match waits',
    file: 'session/match-clock.ts',
    find: '>= 1.5 * this.frameMs;',
    replace: '>= 1e9 * this.frameMs;',
  },
  {
    name: 'inputs of a returned slot begin one frame late',
    file: 'session/slot-log.ts',
    find: 'this.received = frame - 1;\n    this.firstHand',
    replace: 'this.received = frame;\n    this.firstHand',
  },
  {
    name: 'a newcomer takes its state for that of one frame later',
    file: 'session/match-core.ts',
    find: 'if (!this.timeline.startAt(frame, stateHash)) return false;',
    replace: 'if (!this.timeline.startAt(frame + 1, stateHash)) return false;',
    and: [
      {
        file: 'session/session.ts',
        find: 'simulation.startFrom(manifest.frame, bytes)',
        replace: 'simulation.startFrom(manifest.frame + 1, bytes)',
      },
    ],
  },
  {
    name: 'a seat begins one frame late on the one that gets it',
    file: 'session/council.ts',
    find: 'if (!this.#reopen(log, frame, owner)) return false;',
    replace: 'if (!this.#reopen(log, frame + (owner === setup.selfIndex ? 1 : 0), owner)) return false;',
  },
  {
    name: 'a newcomer is given the first free slot, not its own',
    file: 'session/join-desk.ts',
    find: "log.owner === remote.index ? 0 : log.control === 'vacant' ? 1 : 2;",
    replace: "log.owner === remote.index ? 2 : log.control === 'vacant' ? 0 : 1;",
  },
  {
    name: 'one peer pauses a frame before the others',
    file: 'session/council.ts',
    find: 'return timeline.pauseBefore(frame);',
    replace: 'return timeline.pauseBefore(frame - (this.#options.setup.selfIndex === 1 ? 1 : 0));',
  },
  {
    name: 'a paused match goes on by itself',
    file: 'session/timeline.ts',
    find: 'const due = clock.frameDue < this.pausedAt ? clock.frameDue : this.pausedAt;',
    replace: 'const due = clock.frameDue;',
  },
  {
    name: 'a slot that is given back has no period of its own',
    file: 'session/slot-log.ts',
    find: "this.change(frame, 'owner', owner);\n    this.epoch += 1;",
    replace: "this.change(frame, 'owner', owner);",
  },
  {
    name: 'a reading that waits for its frame is forgotten',
    file: 'session/own-inputs.ts',
    find: 'slot.waits = true;',
    replace: 'slot.waits = false;',
  },
  {
    name: 'a raised delay leaves a frame neutral',
    file: 'session/own-inputs.ts',
    find: 'else log.append(log.cells.bytes, log.cells.offsetOf(log.received));',
    replace: 'else log.append(new Uint8Array(log.cells.cellBytes), 0);',
  },
  {
    name: 'the last input of a late player is repeated, although nothing should be pressed',
    file: 'session/simulation.ts',
    find: "const from = substitute === 'repeat' ? cells.offsetOf(log.periodStart(frame) - 1) : -1;",
    replace: 'const from = cells.offsetOf(log.periodStart(frame) - 1);',
  },
  {
    name: 'chunks are put together in the order in which they come',
    // States of several chunks are fetched by newcomers alone: those who come back step a log.
    seconds: 60,
    file: 'session/chunk-fetch.ts',
    find: 'this.#bytes.set(bytes, index * this.#outline.chunkBytes);',
    replace: 'this.#bytes.set(bytes, Math.min(this.#bytesReceived, this.#bytes.length - bytes.length));',
    and: WITHOUT_STATE_HASH,
  },
  {
    name: 'neither the hash of a chunk nor that of the state is looked at',
    file: 'session/chunk-fetch.ts',
    find: 'return bytes.length === length && hashBytes(bytes) === chunkHashes[index];',
    replace: 'return bytes.length === length || hashBytes(bytes) === chunkHashes[index];',
    and: WITHOUT_STATE_HASH,
    among: 'one member sends wrong chunks',
    peers: 5,
  },
  {
    name: 'a manifest counts although nobody else names it',
    file: 'session/manifest-vote.ts',
    find: 'if (!isMore || !(isSure || nowMs - this.#doubtSinceMs >= DOUBT_MS)) return undefined;',
    replace: '',
    and: [
      {
        file: 'session/manifest-vote.ts',
        find: 'const ATTESTATIONS_MIN = 2;',
        replace: 'const ATTESTATIONS_MIN = 1;',
      },
    ],
    among: 'one member offers an older state',
    peers: 5,
  },
];
