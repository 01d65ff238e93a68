/**
 * Two last voters that lost each other both go on alone, each by a view that removes the other: two branches of one match. When
 * they meet again one of them stays: that whose view has the greater id, of equal ones that of the lower index. Each knows both ids,
 * whatever further views either has gone through since, so exactly one gives up. Who removed another that had decided something else
 * in that very view, and still counted on it, gives up as well. Peers that both sides know of hear decisions of both: two of
 * one view tell them that a match has forked, and who strays.
 */
import { isSameHead, type ViewHead } from '../wire/view-body.js';
import type { Message } from './view-attempt.js';
import type { ViewHost } from './view-host.js';
import { widened } from './view-value.js';

/** Commits kept for members that are behind, and to be compared with what others decided. */
const COMMITS_KEPT_MAX = 64;

/** What a COMMIT of another peer means here. */
export type BranchVerdict = 'same' | 'ours' | 'theirs';

/** What was decided here, and who was removed by which view. */
export class Branches {
  readonly #host: ViewHost;
  readonly #removedBy = new Map<number, number>();
  readonly #commits: Message<'commit'>[] = [];

  constructor(host: ViewHost) {
    this.#host = host;
  }

  /** A view was decided here. */
  note(commit: Message<'commit'>): void {
    const { removed, newcomers } = commit.body;
    for (let index = 0; index < 32; index += 1)
      if ((removed & (1 << index)) !== 0) this.#removedBy.set(index, commit.viewId);
    for (const { index } of newcomers) this.#removedBy.delete(index);
    this.#commits.push(commit);
    if (this.#commits.length > COMMITS_KEPT_MAX) this.#commits.shift();
  }

  /** Sends a member that is still in view `viewId` the commits it lacks. */
  catchUp(index: number, viewId: number): void {
    const { logs, send, startOf } = this.#host;
    for (const commit of this.#commits) {
      if (commit.viewId <= viewId) continue;
      send(index, commit);
      const body = widened(commit.body, logs, startOf(index));
      if (body !== commit.body) send(index, { ...commit, body });
    }
  }

  /** True if another decision than this is known for a view: of a view there are two only in two branches. */
  contradicts(viewId: number, decision: ViewHead): boolean {
    const own = this.#commits.find((commit) => commit.viewId === viewId);
    return own !== undefined && !isSameHead(own.body, decision);
  }

  /**
   * 'same': a decision as any other. 'ours': nothing to us, it is of another branch than the one that stays. 'theirs': we are alone,
   * and the other branch stays: it removed us, or did not remove us when we removed it.
   */
  judge(from: number, { viewId, ballot, body }: Message<'commit'>): BranchVerdict {
    const { selfIndex, voters, strays } = this.#host;
    const self = 1 << selfIndex;
    const isOther = this.contradicts(viewId, body);
    // It must hear of ours as well, or it would not know where it stands.
    if (isOther && strays(from)) this.catchUp(from, viewId - 1);
    // Of which branch it is tells also who drove it, whoever hands it on.
    const other = this.#removedBy.has(from) ? from : ballot.voter;
    const own = this.#removedBy.get(other);
    if (own === undefined || viewId < own || (viewId === own && !isOther)) return 'same';
    const isAlone = voters() === self;
    if ((body.removed & self) === 0) return isAlone && viewId === own ? 'theirs' : 'ours';
    if (!isAlone) return 'same';
    return viewId > own || other < selfIndex ? 'theirs' : 'ours';
  }
}
