import { setImmediate } from 'node:timers/promises';
import type { Size } from '../../geometry/letterbox.js';
import type { MaskStream } from '../masks/maskStream.js';
import type { MapEstimate } from '../estimates/riseEstimate.js';
import type { MapsSoFar, ExplainedTarget } from '../explanation.js';

/** What the detector said about consecutive masks; T targets. */
export interface BlockScores {
  /** [masks, T]: what the map weighs its masks with; [masks, 2T] where the estimate takes two scores of a target. */
  readonly values: Float32Array;
  /** [masks, T]: 1 where the target was found. */
  readonly found: Uint8Array;
}

/** Somebody who scores masks of a stream by their index. */
export interface ScoreSource {
  /** Blocks that are worth asking for at the same time. */
  readonly parallel: number;
  score(from: number, count: number): Promise<BlockScores>;
}

export interface MaskExplanationOptions {
  readonly passes: number;
  readonly reportEvery: number;
  readonly earlyStop?: { readonly convergence: number; readonly minPasses: number } | undefined;
}

/** Masks that are asked for together: enough to hide the way to the worker, few enough to stop soon. */
const BLOCK = 4;

interface Parts {
  readonly stream: MaskStream;
  readonly source: ScoreSource;
  readonly estimate: MapEstimate;
  readonly map: Size;
  readonly targetCount: number;
}

/**
 * Runs masks through a detector and estimates a map for every target. Blocks are scored side by side and added in the order
 * of their masks; partial results, and with them the decision to stop early, come after every `reportEvery` masks: whatever
 * the number of workers or the batch size, the same masks make the same sums in the same order.
 */
export async function* explainByMasks(
  { stream, source, estimate, map, targetCount }: Parts,
  { passes, reportEvery, earlyStop }: MaskExplanationOptions,
  lost: number[],
  requestHash: string,
  signal?: AbortSignal,
): AsyncGenerator<MapsSoFar> {
  const report = async (): Promise<MapsSoFar> => {
    const targets: ExplainedTarget[] = [];
    for (let t = 0; t < targetCount; t++) {
      // A fit takes milliseconds, and a frame may have a hundred boxes: whoever else waits for this thread comes in between.
      if (t > 0) await setImmediate();
      const values = estimate.map(t);
      const standardError = estimate.standardError(t);
      const convergence = estimate.convergence(t);
      targets.push({
        map: { ...map, values },
        ...(standardError && { standardError: { ...map, values: standardError } }),
        lost: lost[t],
        ...(convergence !== undefined && { convergence }),
      });
    }
    const done = estimate.passes;
    const stable = targets.every(
      (target) => target.lost === done || (target.convergence ?? 0) >= (earlyStop?.convergence ?? 1),
    );
    const converged = earlyStop !== undefined && done >= earlyStop.minPasses && stable;
    return {
      passes: done,
      plannedPasses: passes,
      converged,
      complete: converged || done >= passes,
      targets,
      checkpoint: () => ({ request: requestHash, passes: done, lost: [...lost], sums: estimate.save() }),
    };
  };
  const running: { from: number; count: number; scores: Promise<BlockScores> }[] = [];
  let next = estimate.passes;
  const ask = (): void => {
    while (running.length < source.parallel + 1 && next < passes) {
      const count = Math.min(BLOCK, passes - next);
      const scores = source.score(next, count);
      // Awaited in order below; until then a failure is nobody's unhandled rejection.
      scores.catch(() => undefined);
      running.push({ from: next, count, scores });
      next += count;
    }
  };
  try {
    if (next >= passes) yield await report();
    for (ask(); running.length > 0; ask()) {
      signal?.throwIfAborted();
      const { from, count, scores } = running[0];
      const { values, found } = await scores;
      running.shift();
      for (let i = 0; i < count; i++) {
        const row = i * targetCount;
        for (let t = 0; t < targetCount; t++) lost[t] += found[row + t] ? 0 : 1;
        const width = values.length / count;
        estimate.add(stream.mask(from + i), values.subarray(i * width, (i + 1) * width));
        const due = (from + i + 1) % reportEvery === 0 || from + i + 1 === passes;
        if (!due) continue;
        signal?.throwIfAborted();
        const state = await report();
        yield state;
        if (state.complete) return;
      }
    }
  } finally {
    // What was asked for is not left running behind the caller's back.
    await Promise.allSettled(running.map(({ scores }) => scores));
  }
}
