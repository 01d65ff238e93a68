/**
 * Two last voters that lost each other both go on alone, each by a view that removes the other: two branches of one match. When
 * they meet again one of them stays: that whose view has the greater id, of equal ones that of the lower index. Each knows both ids,
 * whatever further views either has gone through since, so exactly one gives up.
 */
import type { ViewBody } from '../wire/view-body.js';
import type { Message } from './view-attempt.js';
import type { ViewHost } from './view-host.js';

/** What a COMMIT of another peer means here. */
export type BranchVerdict = 'same' | 'ours' | 'theirs';

/** Who was removed by which view. */
export class Branches {
  readonly #removedBy = new Map<number, number>();

  /** A view was decided here. */
  note(viewId: number, { removed, newcomers }: ViewBody): void {
    for (let index = 0; index < 32; index += 1)
      if ((removed & (1 << index)) !== 0) this.#removedBy.set(index, viewId);
    for (const { index } of newcomers) this.#removedBy.delete(index);
  }

  /**
   * 'same': a decision as any other. 'ours': nothing to us, it is of another branch than the one that stays. 'theirs': we are alone,
   * and the branch that removed us stays.
   */
  judge(
    from: number,
    { viewId, body }: Message<'commit'>,
    { selfIndex, voters }: Pick<ViewHost, 'selfIndex' | 'voters'>,
  ): BranchVerdict {
    const self = 1 << selfIndex;
    const own = this.#removedBy.get(from);
    if (own === undefined) return 'same';
    if ((body.removed & self) === 0) return 'ours';
    if (voters() !== self) return 'same';
    return viewId > own || (viewId === own && from < selfIndex) ? 'theirs' : 'ours';
  }
}
