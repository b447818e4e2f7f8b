import type { LossEntry } from './page/format.js';
import type { ReportLoss } from './reportInput.js';
import { millisecondsSince } from './encodeSet.js';

const MOST_LISTED = 200;

/** Losses, counted by what happened and where; the list is bounded, the total is exact. */
export class LossList {
  readonly #byKind = new Map<string, { first: ReportLoss; count: number }>();
  #total = 0;

  add(loss: ReportLoss): void {
    const count = loss.count ?? 1;
    this.#total += count;
    const key = JSON.stringify([loss.what, loss.topic]);
    const known = this.#byKind.get(key);
    if (known !== undefined) known.count += count;
    else if (this.#byKind.size < MOST_LISTED) this.#byKind.set(key, { first: loss, count });
  }

  get total(): number {
    return this.#total;
  }

  /** The first 200 kinds, each with the stamp of its first occurrence. */
  entries(startNs: bigint | null): LossEntry[] {
    return [...this.#byKind.values()].map(({ first, count }) => ({
      atMs: startNs === null || first.stampNs === undefined ? null : millisecondsSince(startNs, first.stampNs),
      topic: first.topic ?? '',
      what: first.what,
      count,
    }));
  }
}
