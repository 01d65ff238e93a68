/** What the types of rooms and matches promise. Compiled, never run: see public-api.test.ts. */
import { button, defineGame, defineInput, defineState, i32, type JoiningProgress, type Room } from 'rollmesh';
import { verifyEquivocation } from 'rollmesh/signing';

const game = defineGame({
  id: 'types',
  version: '1',
  playersMax: 4,
  input: defineInput({ fire: button }),
  state: defineState({ shots: i32 }),
  step(state, inputs) {
    if (inputs[0]?.fire === true) state.shots += 1;
  },
});
const readInput = (): { fire: boolean } => ({ fire: true });

declare const room: Room;

export async function matches(): Promise<void> {
  const match = await room.startMatch(game, {
    readInput,
    inputDelayFrames: 'auto',
    localPlayers: 2,
    onLate: 'substitute',
    lateInput: { bot: 'easy' },
    onLost: 'vacate',
    fairDelay: true,
    signInputs: 'remove',
    rejoin: true,
    admit: 'room',
  });
  const slots: readonly number[] = match.localSlots;
  const owners: readonly (string | undefined)[] = match.slotOwners;
  match.inputDelayFrames = { min: 1, max: 6 };
  match.pause();
  match.resume();
  const joined = await room.nextMatch(game, { readInput, joinRunning: true });
  const shots: number = joined.state.shots;
  void [slots, owners, shots];

  match.on('peer-joined', ({ peer, slots: taken, frame }) => [peer.length, taken[0], frame + 1]);
  match.on('peer-substituted', ({ peer, cutFrame }) => [peer.length, cutFrame + 1]);
  match.on('peer-returned', ({ frame }) => frame + 1);
  match.on('match-paused', ({ frame }) => frame + 1);
  match.on('match-resumed', ({ frame }) => frame + 1);
  match.on('rewound', ({ fromFrame, toFrame }) => fromFrame - toFrame);
  match.on('join-progress', ({ bytesReceived, bytesTotal }) => bytesReceived / bytesTotal);
  room.on('match-joining', (progress: JoiningProgress) => progress.reason?.length);

  match.on('equivocation', ({ culprit, proof, frame }) => [culprit?.length, proof?.length, frame + 1]);
  match.on('signature-problem', ({ peer, problem, by }) => [peer.length, problem === 'differs', by?.length]);
  match.on('signing-changed', ({ phase, reason }) => [phase === 'on', reason?.length]);
  const keys: readonly (Uint8Array | undefined)[] = match.signing.peers.map(({ publicKey }) => publicKey);
  const verdict = await verifyEquivocation(new Uint8Array(8), keys[0]);
  void (verdict.ok ? verdict.culprit : verdict.reason);

  // @ts-expect-error how inputs may be signed
  await room.startMatch(game, { readInput, signInputs: 'always' });
  // @ts-expect-error whether inputs are signed is a rule for all
  await room.nextMatch(game, { readInput, signInputs: true });
  // @ts-expect-error a verdict names nobody unless the proof holds
  void verdict.culprit;
  // @ts-expect-error what a late player's input may be
  await room.startMatch(game, { readInput, lateInput: 'random' });
  // @ts-expect-error a rule for all is the owner's, not of whoever follows
  await room.nextMatch(game, { readInput, onLate: 'wait' });
  // @ts-expect-error slots change only by agreement
  match.localSlots = [1];
  // @ts-expect-error whom a match lets in
  await room.nextMatch(game, { readInput, admit: 'friends' });
  // @ts-expect-error who left has no slots to tell
  match.on('peer-left', ({ slots: gone }) => gone);
  // @ts-expect-error a delay is a number of frames, 'auto' or bounds for it
  match.inputDelayFrames = 'fast';
}
