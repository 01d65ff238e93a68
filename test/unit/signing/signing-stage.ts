/**
 * Peers that sign what they play: real sessions on the virtual mesh, real signing beside each, real Ed25519. Time passes in slices
 * of a tenth of a second; after each all signatures that are under way are waited for, so that a run depends on its seed alone.
 */
import { createRandom } from '../../../sdk/src/base/prng.js';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import {
  createInputSigner,
  type EquivocationFound,
  InputSigning,
  type SignatureProblemFound,
  type SigningSession,
} from '../../../sdk/src/signing/index.js';
import type { InputSigner } from '../../../sdk/src/signing/input-signer.js';
import { TwoFacedLog } from '../../../sdk/src/simulator/two-faced-log.js';
import {
  createFrameHeader,
  decodeFramePacket,
  packetCrc,
  write16,
} from '../../../sdk/src/wire/frame-packet.js';
import { type MeshOptions, type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, chainInput, changing } from '../session/chain-game.js';

const SLICE_MS = 100;
const SLOTS = 8;
export const MATCH_KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;

/** A message of signing on its way. */
export interface SigningPacket {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** One who signs. A liar is two of them, each with its own audience. */
export interface Signing {
  readonly index: number;
  readonly signing: InputSigning;
  readonly found: EquivocationFound[];
  readonly problems: SignatureProblemFound[];
  readonly audience: (peer: number) => boolean;
}

/** What a test may vary. */
export interface StageOptions {
  readonly seed: number;
  readonly peerCount: number;
  readonly mesh?: Partial<MeshOptions<ChainState, ChainInput>>;
  /** What really travels instead of a message; an empty list loses it. */
  readonly intercept?: (packet: SigningPacket) => readonly SigningPacket[];
}

/** The stage. */
export class SigningStage {
  readonly mesh: VirtualMesh<ChainState, ChainInput>;
  readonly signings: Signing[] = [];
  intercept: StageOptions['intercept'];
  #underWay: SigningPacket[] = [];

  constructor(options: StageOptions) {
    this.intercept = options.intercept;
    this.mesh = new VirtualMesh<ChainState, ChainInput>({
      seed: options.seed,
      peerCount: options.peerCount,
      game: chainGame({ playersMax: SLOTS }),
      readInput: changing(0.1),
      conditions: { oneWayMs: 30, jitterMs: 10, loss: 0.02 },
      ...options.mesh,
    });
    this.mesh.start();
  }

  /** Peer `index` signs, with a key of its own unless it is given one. */
  async add(
    index: number,
    how: {
      readonly signer?: InputSigner | 'none';
      readonly audience?: (peer: number) => boolean;
      readonly session?: (honest: SigningSession) => SigningSession;
      readonly isKeyOf?: (peer: string, key: Uint8Array) => Promise<boolean>;
    } = {},
  ): Promise<Signing> {
    const { signer = await createInputSigner(), audience = () => true } = how;
    const honest = this.sessionOf(index);
    const found: EquivocationFound[] = [];
    const problems: SignatureProblemFound[] = [];
    const signing = new InputSigning({
      matchId: 'match',
      self: honest.peers[index] as string,
      session: how.session?.(honest) ?? honest,
      signer: signer === 'none' ? undefined : signer,
      ...(how.isKeyOf === undefined ? {} : { isKeyOf: how.isKeyOf }),
      send: (peer, bytes) => {
        const to = honest.peers.indexOf(peer);
        if (!audience(to)) return false;
        const packet = { from: index, to, bytes };
        this.#underWay.push(...(this.intercept?.(packet) ?? [packet]));
        return true;
      },
      onEquivocation: (event) => found.push(event),
      onProblem: (event) => problems.push(event),
    });
    const entry = { index, signing, found, problems, audience };
    this.signings.push(entry);
    return entry;
  }

  sessionOf(index: number): SigningSession {
    const peer = this.mesh.peers[index];
    if (peer === undefined) throw new Error(`there is no peer ${index}`);
    return {
      slotCount: SLOTS,
      cellBytes: chainInput.byteLength,
      get peers() {
        return peer.session.peers;
      },
      get frameFinal() {
        return peer.session.frameFinal;
      },
      inputSpan: (slot, first, countMax) => peer.session.inputSpan(slot, first, countMax),
    };
  }

  /** Puts a message on its way. */
  inject(packet: SigningPacket): void {
    this.#underWay.push(packet);
  }

  async run(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += SLICE_MS) {
      this.mesh.run(SLICE_MS);
      const arrived = this.#underWay;
      this.#underWay = [];
      for (const { from, to, bytes } of arrived) {
        for (const { index, signing } of this.signings)
          if (index === to) signing.receive(this.#idOf(from), bytes, this.mesh.nowMs);
      }
      for (const { signing } of this.signings) signing.poll(this.mesh.nowMs);
      for (const { signing } of this.signings) await signing.settled();
    }
  }

  #idOf(index: number): string {
    return this.mesh.peers[index]?.id ?? '?';
  }
}

/** Rewrites what a liar's session sends to `victims`, and knows what it claims. */
export class TwoFaces {
  readonly log: TwoFacedLog;
  readonly liar: number;
  readonly #isVictim: (peer: number) => boolean;
  readonly #header = createFrameHeader();
  readonly #vectorLength: number;

  constructor(options: {
    readonly seed: number;
    readonly liar: number;
    readonly isVictim: (peer: number) => boolean;
    readonly peerCount: number;
  }) {
    this.liar = options.liar;
    this.#isVictim = options.isVictim;
    this.#vectorLength = options.peerCount > 2 ? SLOTS : 0;
    this.log = new TwoFacedLog(chainInput, 1, createRandom(options.seed * 77 + 5));
  }

  /** For `MeshOptions.intercept`. */
  readonly rewrite = ({ from, to, channel, bytes }: MeshPacket): readonly Uint8Array[] => {
    if (from !== this.liar || channel !== 'unreliable') return [bytes];
    const shape = { matchKey: MATCH_KEY, senderSlots: 1, cellBytes: 1, vectorLength: this.#vectorLength };
    if (!decodeFramePacket(bytes, shape, this.#header)) return [bytes];
    const said = this.log.rewrite(bytes, this.#header, { rate: 0.1, isVictim: this.#isVictim(to) });
    if (said === undefined) return [bytes];
    write16(said, 1, packetCrc(said, said.length, MATCH_KEY));
    return [said];
  };

  /** The liar's session as it claims to be: its own slot's inputs are those that the victims were told. */
  claimed(honest: SigningSession): SigningSession {
    return {
      slotCount: honest.slotCount,
      cellBytes: honest.cellBytes,
      get peers() {
        return honest.peers;
      },
      get frameFinal() {
        return honest.frameFinal;
      },
      inputSpan: (slot, first, countMax) => {
        const span = honest.inputSpan(slot, first, countMax);
        if (span === undefined || slot !== this.liar) return span;
        const cells = span.cells.map((_, index) => this.log.claim(0, span.first + index)[0] as number);
        return { ...span, cells };
      },
    };
  }
}
