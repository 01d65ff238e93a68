/** Which manifest a newcomer believes: by number of members, and after how long. */
import { ManifestVote } from '../../../sdk/src/session/manifest-vote.js';
import { encodeManifest, manifestDigest, outlineOf } from '../../../sdk/src/wire/join-manifest.js';
import { headerOf, JOIN_KEY } from './transfer-net.js';

const START_MS = 1000;

function voteOf(count: number): ManifestVote {
  return new ManifestVote(
    Array.from({ length: count }, (_, index) => `m${index}`),
    START_MS,
  );
}

const manifestOf = (seed: number) => ({ ...headerOf(3), ...outlineOf(Uint8Array.of(1, 2, 3)), seed });
const messageOf = (seed: number): Uint8Array => encodeManifest(manifestOf(seed), JOIN_KEY);
const digestOf = (seed: number): number => manifestDigest(messageOf(seed));

/** Digest believed at a time after the start. */
const believed = (vote: ManifestVote, afterMs: number): number | undefined =>
  vote.decide(START_MS + afterMs)?.digest;

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 4],
  [31, 16],
])('of %i members, %i that name the same are believed at once, one less are not', (members, enough) => {
  const vote = voteOf(members);
  for (let index = 0; index < enough; index += 1) {
    expect(believed(vote, 10)).toBeUndefined();
    expect(vote.attest(`m${index}`, 7)).toBe(true);
  }
  expect(vote.decide(START_MS + 10)).toEqual({ digest: 7, manifest: undefined });
});

test.each([
  [4, 2],
  [5, 2],
  [6, 2],
  [6, 3],
  [31, 2],
])('of %i members, %i that name the same are believed a second later', (members, some) => {
  const vote = voteOf(members);
  for (let index = 0; index < some; index += 1) vote.attest(`m${index}`, 7);
  expect(believed(vote, 10)).toBeUndefined();
  expect(believed(vote, 1009)).toBeUndefined();
  expect(believed(vote, 1010)).toBe(7);
});

test('one of several is believed only when the others have been silent for three seconds', () => {
  const vote = voteOf(3);
  vote.attest('m0', 7);
  expect(believed(vote, 2999)).toBeUndefined();
  expect(believed(vote, 3000)).toBe(7);
});

test('of two members both have to answer, or one for three seconds', () => {
  const vote = voteOf(2);
  vote.attest('m1', 7);
  expect(believed(vote, 2999)).toBeUndefined();
  expect(believed(vote, 3000)).toBe(7);
  vote.attest('m0', 8);
  expect(believed(vote, 3000)).toBeUndefined();
  expect(believed(vote, 100_000)).toBeUndefined();
});

test('a tie is not decided, and when it is broken the doubt has lasted since it began', () => {
  const vote = voteOf(5);
  for (const [index, digest] of [7, 7, 8, 8].entries()) vote.attest(`m${index}`, digest);
  expect(believed(vote, 10)).toBeUndefined();
  expect(believed(vote, 20_000)).toBeUndefined();
  vote.attest('m4', 8);
  expect(believed(vote, 20_001)).toBe(8);
});

test('when all have answered, the larger number is believed at once, also without a majority', () => {
  const vote = voteOf(5);
  for (const [index, digest] of [7, 8, 7, 9].entries()) vote.attest(`m${index}`, digest);
  expect(believed(vote, 10)).toBeUndefined();
  vote.attest('m4', 10);
  expect(believed(vote, 10)).toBe(7);
});

test('the doubt begins anew if two no longer name the same', () => {
  const vote = voteOf(5);
  vote.attest('m0', 7);
  vote.attest('m1', 7);
  expect(believed(vote, 100)).toBeUndefined();
  vote.attest('m1', 8);
  expect(believed(vote, 600)).toBeUndefined();
  vote.attest('m1', 7);
  expect(believed(vote, 700)).toBeUndefined();
  expect(believed(vote, 1699)).toBeUndefined();
  expect(believed(vote, 1700)).toBe(7);
});

test('a member that is gone counts no more, one that is new counts', () => {
  const vote = voteOf(3);
  vote.attest('m0', 7);
  vote.remove('m1');
  expect(believed(vote, 0)).toBeUndefined();
  vote.remove('m2');
  expect(believed(vote, 0)).toBe(7);
  vote.add('x');
  vote.add('m0');
  expect(vote.members).toEqual(['m0', 'x']);
  expect(believed(vote, 0)).toBeUndefined();
  expect(vote.attest('x', 7)).toBe(true);
  expect(believed(vote, 0)).toBe(7);
  expect(vote.attest('m2', 7)).toBe(false);
});

/** A whole manifest that was asked for arrives. */
function deliver(vote: ManifestVote, member: string, seed: number, problem?: string): void {
  vote.deliver(member, messageOf(seed), { manifest: manifestOf(seed), problem });
}

test("a manifest is its sender's vote, and is there for all that name its digest", () => {
  const vote = voteOf(3);
  vote.askWhole('m0');
  vote.askWhole('unknown');
  expect(['m0', 'm1', 'unknown'].map((member) => vote.awaitsManifest(member))).toEqual([true, false, false]);
  deliver(vote, 'm0', 5);
  expect(vote.awaitsManifest('m0')).toBe(false);
  expect([vote.isOpen('m0'), vote.isOpen('m1'), vote.isUnanswered]).toEqual([false, true, false]);
  expect(vote.decide(START_MS)).toBeUndefined();
  vote.attest('m2', 1);
  expect(vote.manifestOf(1)).toBeUndefined();
  vote.attest('m1', digestOf(5));
  expect(vote.decide(START_MS)).toEqual({ digest: digestOf(5), manifest: manifestOf(5) });
  expect([vote.names('m1', digestOf(5)), vote.names('m2', digestOf(5))]).toEqual([true, false]);
});

test('a member that names another digest takes its manifest back; naming the same again does not', () => {
  const vote = voteOf(2);
  vote.askWhole('m0');
  deliver(vote, 'm0', 5);
  vote.attest('m0', digestOf(5));
  expect(vote.manifestOf(digestOf(5))).toEqual(manifestOf(5));
  vote.attest('m0', 1);
  expect([vote.manifestOf(1), vote.manifestOf(digestOf(5))]).toEqual([undefined, undefined]);
  vote.attest('m0', digestOf(5));
  expect(vote.manifestOf(digestOf(5))).toBeUndefined();
});

test('a manifest that cannot be used is not believed, whoever names it, and says why', () => {
  const vote = voteOf(3);
  expect(vote.problem).toBeUndefined();
  for (const [index, problem] of ['too old', 'too new', 'neither'].entries()) {
    vote.askWhole('m0');
    deliver(vote, 'm0', index, problem);
    expect(vote.problem).toBe(problem);
  }
  // No more are remembered than there are members.
  vote.askWhole('m1');
  deliver(vote, 'm1', 9, 'a fourth');
  expect(vote.problem).toBe('neither');
  for (const member of ['m0', 'm1', 'm2']) vote.attest(member, digestOf(0));
  expect([believed(vote, 10_000), vote.leading]).toEqual([undefined, undefined]);
  expect(vote.isDisputed).toBe(false);
  for (const member of ['m1', 'm2']) vote.attest(member, 7);
  expect([believed(vote, 10_000), vote.leading, vote.isDisputed]).toEqual([7, 7, true]);
});

test('a manifest of a member that is gone is ignored', () => {
  const vote = voteOf(1);
  vote.askWhole('m0');
  vote.remove('m0');
  deliver(vote, 'm0', 5);
  expect([vote.isUnanswered, vote.manifestOf(digestOf(5)), vote.isOpen('m0')]).toEqual([
    true,
    undefined,
    true,
  ]);
});

test('the digest that leads is that of most, or the first of a tie', () => {
  const vote = voteOf(5);
  expect([vote.leading, vote.isDisputed, vote.isUnanswered]).toEqual([undefined, false, true]);
  for (const [index, digest] of [9, 8, 8].entries()) vote.attest(`m${index}`, digest);
  expect(vote.leading).toBe(8);
  vote.attest('m3', 9);
  expect(vote.leading).toBe(9);
});
