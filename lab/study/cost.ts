import { isMeasured } from './results.js';
import type { StudyRecord } from './record.js';

/** What a run took, from its records: those of earlier, killed runs count too. */
export interface StudyCost {
  /** Seconds that workers were busy with pictures, added up. */
  readonly busySeconds: number;
  /** Forward passes through a network. */
  readonly passes: number;
  /** Seconds that so many bare passes of the same network take, by the one of each picture's own detection. */
  readonly bareSeconds: number;
  /** `busySeconds / bareSeconds`: 1 would be nothing but forward passes. */
  readonly ratio: number;
}

export function costOf(records: readonly StudyRecord[]): StudyCost | undefined {
  const costs = records.filter(isMeasured).map(({ network, cost }) => ({ network, ...cost }));
  if (costs.length === 0) return undefined;
  const total = (of: (cost: (typeof costs)[number]) => number): number =>
    costs.reduce((sum, cost) => sum + of(cost), 0) / 1000;
  // One pass is a noisy clock, so a network's median stands for all of its pictures.
  const bare = new Map(
    [...new Set(costs.map(({ network }) => network))].map((network) => {
      const own = costs.filter((cost) => cost.network === network).map(({ bareMs }) => bareMs);
      return [network, own.toSorted((a, b) => a - b)[Math.floor(own.length / 2)]];
    }),
  );
  const busySeconds = total(({ busyMs }) => busyMs);
  const bareSeconds = total(({ network, passes }) => passes * (bare.get(network) ?? 0));
  const passes = costs.reduce((sum, cost) => sum + cost.passes, 0);
  return { busySeconds, passes, bareSeconds, ratio: bareSeconds > 0 ? busySeconds / bareSeconds : 0 };
}
