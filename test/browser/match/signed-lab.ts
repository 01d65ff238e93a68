/** The page of the tests of signed inputs: the public API, a tiny game, and what a test asks about signatures. */
import {
  button,
  connectLobby,
  defineGame,
  defineInput,
  defineState,
  i32,
  type Match,
  type Room,
  type SignatureProblemFound,
  table,
} from 'rollmesh';

const game = defineGame({
  id: 'count',
  version: '1',
  playersMax: 4,
  input: defineInput({ tap: button }),
  state: defineState({ taps: table(4, { count: i32 }) }),
  step({ taps }, inputs) {
    for (const [slot, { tap }] of inputs.entries()) if (tap) taps.count[slot] = (taps.count[slot] ?? 0) + 1;
  },
});

type CountMatch = Match<ReturnType<typeof game.state.createStore>['state'], { tap: boolean }>;

const readInput = (slot: number, frame: number): { tap: boolean } => ({
  tap: Math.floor(frame / (5 + slot)) % 3 === 0,
});

/** What a page tells about signatures. */
export interface SigningReport {
  readonly phase: string;
  readonly reason: string | undefined;
  readonly frameFinal: number;
  readonly batchesSigned: number;
  readonly peers: readonly {
    state: string;
    verified: number;
    compared: number;
    refused: number;
    key: string;
  }[];
  readonly key: string;
  readonly problems: readonly SignatureProblemFound[];
  readonly equivocations: number;
  readonly isSecure: boolean;
}

const hex = (bytes: Uint8Array | undefined): string =>
  [...(bytes ?? [])].map((byte) => byte.toString(16)).join('.');

class SignedLab {
  #room: Room | undefined;
  #match: CountMatch | undefined;
  readonly #problems: SignatureProblemFound[] = [];
  #equivocations = 0;

  async create(url: string): Promise<string> {
    this.#room = await (await connectLobby(url, { app: 'count', name: 'Ada' })).create({ playersMax: 4 });
    return this.#room.code;
  }

  async join(url: string, code: string): Promise<void> {
    this.#room = await (await connectLobby(url, { app: 'count', name: 'Bob' })).join(code);
  }

  /** Waits until the room has this many members. */
  async gathered(count: number): Promise<void> {
    while (this.room.members.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async start(): Promise<void> {
    this.#follow(await this.room.startMatch(game, { readInput, signInputs: true }));
  }

  async next(): Promise<void> {
    this.#follow(await this.room.nextMatch(game, { readInput }));
  }

  report(): SigningReport {
    const match = this.#match;
    if (match === undefined) throw new Error('There is no match yet.');
    const { phase, reason, batchesSigned, peers, publicKey } = match.signing;
    return {
      ...{ phase, reason, batchesSigned, frameFinal: match.session.frameFinal, key: hex(publicKey) },
      peers: peers.map((peer) => ({
        state: peer.state,
        verified: peer.batchesVerified,
        compared: peer.frameCompared,
        refused: peer.refused,
        key: hex(peer.publicKey),
      })),
      problems: this.#problems,
      equivocations: this.#equivocations,
      isSecure: isSecureContext,
    };
  }

  get room(): Room {
    if (this.#room === undefined) throw new Error('There is no room yet.');
    return this.#room;
  }

  #follow(match: CountMatch): void {
    this.#match = match;
    match.on('signature-problem', (event) => this.#problems.push(event));
    match.on('equivocation', () => {
      this.#equivocations += 1;
    });
  }
}

declare global {
  var signedLab: SignedLab;
}

globalThis.signedLab = new SignedLab();
