/** What the compiler promises to someone who runs sessions over a transport of their own. */
import { button, defineGame, defineInput, defineState, f64 } from 'rollmesh';
import { createSession, type InputDelay, type PeerId, SdkError, type SdkErrorCode } from 'rollmesh/session';
import type { InputDefinition } from 'rollmesh/state';

const game = defineGame({
  id: 'types',
  version: '1',
  playersMax: 2,
  input: defineInput({ left: button }),
  state: defineState({ x: f64 }),
  step() {},
});

const self = 'a' as PeerId;
const base = { game, matchId: 'm1', nowMs: 0, self, peers: [self], players: [{ peer: self }], send() {} };

const session = createSession({ ...base, readInput: () => ({ left: true }) });

// The state and the inputs have the game's types.
session.state.x satisfies number;
session.inputsAt(1)?.[0]?.left satisfies boolean | undefined;
// @ts-expect-error the state is for drawing
session.frameCurrent = 3;
// @ts-expect-error the game has no such field
session.state.y;

// @ts-expect-error an input lacks its button
createSession({ ...base, readInput: () => ({}) });
// @ts-expect-error a session must be able to send
createSession({
  game,
  matchId: 'm1',
  nowMs: 0,
  self,
  peers: [self],
  players: [],
  readInput: () => ({ left: true }),
});
// @ts-expect-error there is no such rule
createSession({ ...base, readInput: () => ({ left: true }), onLost: 'explode' });

createSession({ ...base, readInput: () => ({ left: true }), inputDelayFrames: 'auto', fairDelay: true });
createSession({
  ...base,
  readInput: () => ({ left: true }),
  inputDelayFrames: { min: 0, max: 6, rollbackBudgetFrames: 4 },
});
// @ts-expect-error there is no such delay
createSession({ ...base, readInput: () => ({ left: true }), inputDelayFrames: 'fast' });
// @ts-expect-error there is no such bound
createSession({ ...base, readInput: () => ({ left: true }), inputDelayFrames: { least: 2 } });
session.inputDelayFrames = 3;
session.inputDelayFrames = 'auto';
session.inputDelayFrames = { max: 5 };
// @ts-expect-error a delay is a number of frames, 'auto' or bounds
session.inputDelayFrames = true;
session.inputDelayFrames satisfies InputDelay;
session.stats().inputDelayFrames satisfies number;
session.stats().peers[0]?.inputDelayFrames satisfies number | undefined;
// An input definition of one's own need not know how to merge.
const plain: InputDefinition<number> = {
  byteLength: 1,
  schemaHash: 1,
  create: () => 0,
  encodeInto: () => undefined,
  decodeInto() {},
  isValid: () => true,
};
plain.mergeInto?.(new Uint8Array(1), new Uint8Array(1), new Uint8Array(1));

session.receive(self, 'unreliable', new Uint8Array(0), 0);
// @ts-expect-error there is no such channel
session.receive(self, 'fast', new Uint8Array(0), 0);
// @ts-expect-error text is not bytes
session.receive(self, 'reliable', 'hello', 0);

const stop = session.on('desync', (event) => {
  event.frame satisfies number;
});
stop satisfies () => void;
// @ts-expect-error there is no such event
session.on('explosion', () => {});

const error = new SdkError('room-full', 'The room is full.');
error.code satisfies SdkErrorCode;
// @ts-expect-error codes are a closed list
error.code === 'room-too-full';
