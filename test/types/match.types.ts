/** What the types of rooms and matches promise. Compiled, never run: see public-api.test.ts. */
import { button, defineGame, defineInput, defineState, i32, type JoiningProgress, type Room } from 'rollmesh';

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
