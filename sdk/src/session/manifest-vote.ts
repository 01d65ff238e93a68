/**
 * Which manifest a newcomer believes. One member alone could send a state of its own making, so a manifest counts when two
 * members (or all, if there are fewer) name its digest; where members disagree, the larger number decides.
 *
 * Without a doubt, more than half of the members is enough at once. Fewer wait a little for the others: two liars out
 * of four would otherwise only have to be the first to answer.
 */
import type { PeerId } from '../base/peer-id.js';
import { type Manifest, manifestDigest } from '../wire/join-manifest.js';

/** Members that must name the same manifest, if there are as many. */
const ATTESTATIONS_MIN = 2;
/** How long a manifest that is named by half or fewer waits for what the others say. */
const DOUBT_MS = 1000;
/** A member that has never answered for this long is not waited for. */
const SILENT_MS = 3000;

/** What one member said. */
interface Vote {
  /** Digest of its newest manifest; `undefined`: it has not answered. */
  digest: number | undefined;
  /** The manifest itself, if it sent that. */
  manifest: Manifest | undefined;
  /** Its manifest was asked for: others are not taken. */
  isWholeAsked: boolean;
}

/** A manifest that is believed. */
export interface BelievedManifest {
  readonly digest: number;
  /** `undefined`: the digest is believed, the manifest itself has yet to come. */
  readonly manifest: Manifest | undefined;
}

/** The members' votes. Bounded by the number of members. */
export class ManifestVote {
  readonly #votes = new Map<PeerId, Vote>();
  readonly #startMs: number;
  /** Why manifests that were sent cannot be used, by digest. */
  readonly #unusable = new Map<number, string>();
  #doubtSinceMs = -1;

  constructor(members: readonly PeerId[], nowMs: number) {
    this.#startMs = nowMs;
    for (const member of members) this.add(member);
  }

  get members(): readonly PeerId[] {
    return [...this.#votes.keys()];
  }

  /** Why the last unusable manifest cannot be used; `undefined` if all could. */
  get problem(): string | undefined {
    return [...this.#unusable.values()].at(-1);
  }

  /** True if two members named different manifests. */
  get isDisputed(): boolean {
    return new Set(this.#digests()).size > 1;
  }

  /** True if nobody has answered yet. */
  get isUnanswered(): boolean {
    return this.#digests().length === 0;
  }

  add(member: PeerId): void {
    if (!this.#votes.has(member))
      this.#votes.set(member, { digest: undefined, manifest: undefined, isWholeAsked: false });
  }

  remove(member: PeerId): void {
    this.#votes.delete(member);
  }

  /** Notes that a member is asked for all of its manifest. */
  askWhole(member: PeerId): void {
    const vote = this.#votes.get(member);
    if (vote !== undefined) vote.isWholeAsked = true;
  }

  /** A member attests. False if it is no member. */
  attest(member: PeerId, digest: number): boolean {
    const vote = this.#votes.get(member);
    if (vote === undefined) return false;
    if (vote.digest !== digest) vote.manifest = undefined;
    vote.digest = digest;
    return true;
  }

  /** True if a manifest of this member was asked for and has not come. */
  awaitsManifest(member: PeerId): boolean {
    return this.#votes.get(member)?.isWholeAsked === true;
  }

  /**
   * A member's manifest, in a message that was asked for.
   * @param problem why it cannot be used, if so: then it is never believed, whoever names it.
   */
  deliver(
    member: PeerId,
    message: Uint8Array,
    read: { manifest: Manifest; problem: string | undefined },
  ): void {
    const digest = manifestDigest(message);
    const vote = this.#votes.get(member);
    if (vote === undefined) return;
    vote.isWholeAsked = false;
    this.attest(member, digest);
    if (read.problem === undefined) vote.manifest = read.manifest;
    else if (this.#unusable.size < this.#votes.size) this.#unusable.set(digest, read.problem);
  }

  /** True if the member named this digest. */
  names(member: PeerId, digest: number): boolean {
    return this.#votes.get(member)?.digest === digest;
  }

  /** True if the member has not named any. */
  isOpen(member: PeerId): boolean {
    return this.#votes.get(member)?.digest === undefined;
  }

  /** The digest that most members name, usable ones only; the one that was named first if there is a tie. */
  get leading(): number | undefined {
    return this.#ranking()[0]?.digest;
  }

  /** The manifest that is believed now, if any. */
  decide(nowMs: number): BelievedManifest | undefined {
    const [first, second] = this.#ranking();
    const isCounted = ({ digest }: Vote): boolean =>
      digest !== undefined || nowMs - this.#startMs < SILENT_MS;
    const counted = [...this.#votes.values()].filter(isCounted).length;
    if (first === undefined || first.votes < Math.min(ATTESTATIONS_MIN, counted)) {
      this.#doubtSinceMs = -1;
      return undefined;
    }
    if (this.#doubtSinceMs < 0) this.#doubtSinceMs = nowMs;
    const isMore = first.votes > (second?.votes ?? 0);
    const isSure = first.votes * 2 > counted || this.#digests().length === counted;
    if (!isMore || !(isSure || nowMs - this.#doubtSinceMs >= DOUBT_MS)) return undefined;
    return { digest: first.digest, manifest: this.manifestOf(first.digest) };
  }

  /** The manifest of this digest, if a member sent it. */
  manifestOf(digest: number): Manifest | undefined {
    for (const vote of this.#votes.values())
      if (vote.digest === digest && vote.manifest !== undefined) return vote.manifest;
    return undefined;
  }

  #digests(): number[] {
    return [...this.#votes.values()].flatMap(({ digest }) => (digest === undefined ? [] : [digest]));
  }

  /** Usable digests by the number of members that name them. */
  #ranking(): { digest: number; votes: number }[] {
    const counts = new Map<number, number>();
    for (const digest of this.#digests())
      if (!this.#unusable.has(digest)) counts.set(digest, (counts.get(digest) ?? 0) + 1);
    return [...counts].map(([digest, votes]) => ({ digest, votes })).sort((a, b) => b.votes - a.votes);
  }
}
