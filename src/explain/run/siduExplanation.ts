import type { GridMasks, MaskScores } from '../network/maskedPicture.js';
import type { Letterbox, Size } from '../../geometry/letterbox.js';
import { comparedOutputs, siduWeights, weightedMasks, type SiduOutput } from '../estimates/sidu.js';
import { resample } from '../../maps/upsample.js';
import type { MapsSoFar, ExplainedTarget } from '../explanation.js';
import type { SiduLevel } from '../masks/siduMasks.js';

/** Somebody who passes masks through the detector. */
export interface GridScorer {
  /** Requests that are worth making at the same time. */
  readonly parallel: number;
  /** Masks of one request. */
  readonly batch: number;
  score(masks: GridMasks): Promise<Pick<MaskScores, 'ious' | 'vectors'>>;
}

export interface SiduPlan {
  /** On their way: the unmasked pass need not wait for them. */
  readonly levels: Promise<readonly SiduLevel[]>;
  readonly placed: Letterbox;
  readonly map: Size;
  /** Class of each target. */
  readonly classIndices: readonly number[];
  readonly classCount: number;
}

export interface SiduOptions {
  readonly sigma: number;
  readonly output: SiduOutput;
}

/** Passes between partial results. */
const REPORT_EVERY = 16;

/** A pass through the detector: the picture without a mask, or a mask of a level. */
interface Job {
  readonly level: SiduLevel | undefined;
  readonly from: number;
  readonly count: number;
}

/**
 * SIDU (see saliency/sidu.ts) of every target: the unmasked picture gives p_o, each mask of the target's level its p_i. Partial
 * results are the equations on the masks so far. The unmasked pass counts as a pass; a target that is not found in it is
 * explained by a map of zeros.
 */
export async function* explainBySidu(
  plan: SiduPlan,
  scorer: GridScorer,
  options: SiduOptions,
  signal?: AbortSignal,
): AsyncGenerator<MapsSoFar> {
  const unmasked = scorer.score(gridsOf(UNMASKED, plan.placed.input));
  const running = [unmasked];
  // Awaited in order below; until then a failure is nobody's unhandled rejection.
  unmasked.catch(() => undefined);
  let jobs = [UNMASKED];
  let asked = 1;
  const ask = (): void => {
    for (; running.length < scorer.parallel + 1 && asked < jobs.length; asked++) {
      const answer = scorer.score(gridsOf(jobs[asked], plan.placed.input));
      answer.catch(() => undefined);
      running.push(answer);
    }
  };
  try {
    const levels = await plan.levels;
    jobs = [UNMASKED, ...jobsOf(levels, scorer.batch)];
    const total = jobs.reduce((sum, { count }) => sum + count, 0);
    const answers = new Answers(plan, levels, options);
    let passes = 0;
    for (const [i, job] of jobs.entries()) {
      ask();
      signal?.throwIfAborted();
      const { ious, vectors } = await running[0];
      void running.shift();
      answers.add(job, ious, vectors);
      const before = passes;
      passes += job.count;
      const complete = i === jobs.length - 1;
      if (!complete && Math.floor(passes / REPORT_EVERY) === Math.floor(before / REPORT_EVERY)) continue;
      signal?.throwIfAborted();
      yield { passes, plannedPasses: total, converged: false, complete, targets: answers.explanations() };
    }
  } finally {
    // What was asked for is not left running behind the caller's back.
    await Promise.allSettled(running);
  }
}

const UNMASKED: Job = { level: undefined, from: 0, count: 1 };

function jobsOf(levels: readonly SiduLevel[], batch: number): Job[] {
  return levels.flatMap((level) =>
    Array.from({ length: Math.ceil(level.counts.length / batch) }, (_, i): Job => {
      const from = i * batch;
      return { level, from, count: Math.min(batch, level.counts.length - from) };
    }),
  );
}

function gridsOf({ level, from, count }: Job, input: Size): GridMasks {
  const offsets = new Float32Array(2 * count);
  if (!level) return { count, rows: 1, columns: 1, grids: Float32Array.of(1), offsets, upsampled: input };
  const { rows, columns, masks } = level;
  const grids = masks.slice(from * rows * columns, (from + count) * rows * columns);
  return { count, rows, columns, grids, offsets, upsampled: input };
}

/** What the detector has answered so far. */
class Answers {
  readonly #unmasked: Float32Array[];
  /** Per target: p_i of its level's masks, one behind the other. */
  readonly #masked: number[][];
  readonly #lost: number[];
  readonly #levels: (SiduLevel | undefined)[];
  #passes = 0;
  readonly #plan: SiduPlan;
  readonly #options: SiduOptions;

  constructor(plan: SiduPlan, levels: readonly SiduLevel[], options: SiduOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#levels = plan.classIndices.map((_, t) => levels.find(({ targets }) => targets.includes(t)));
    this.#unmasked = plan.classIndices.map(() => new Float32Array(plan.classCount));
    this.#masked = plan.classIndices.map(() => []);
    this.#lost = plan.classIndices.map(() => 0);
  }

  add({ level, count }: Job, ious: Float32Array, vectors: Float32Array): void {
    const { classIndices, classCount } = this.#plan;
    for (let b = 0; b < count; b++)
      classIndices.forEach((_, t) => {
        const row = b * classIndices.length + t;
        const vector = vectors.subarray(row * classCount, (row + 1) * classCount);
        if (!level) this.#unmasked[t] = vector.slice();
        else if (level === this.#levels[t]) this.#masked[t].push(...vector);
        else return;
        if (!(ious[row] > 0)) this.#lost[t] += 1;
      });
    this.#passes += count;
  }

  explanations(): ExplainedTarget[] {
    const { map, placed, classIndices } = this.#plan;
    return classIndices.map((_, t): ExplainedTarget => {
      const level = this.#levels[t];
      if (!level) return { map: { ...map, values: new Float32Array(map.width * map.height) }, lost: this.#passes };
      const { rows, columns } = level;
      const whole = { width: columns, height: rows, values: this.#cells(t, level) };
      const { input, content } = placed;
      const region = {
        x: 0,
        y: 0,
        width: (content.width * columns) / input.width,
        height: (content.height * rows) / input.height,
      };
      return { map: resample(whole, region, map.width, map.height), lost: this.#lost[t] };
    });
  }

  #cells(t: number, { masks, counts, rows, columns }: SiduLevel): Float32Array {
    const { classCount, classIndices } = this.#plan;
    const { output, sigma } = this.#options;
    const reduced = (values: ArrayLike<number>): ReturnType<typeof comparedOutputs> =>
      comparedOutputs({ length: classCount, values }, output, classIndices[t]);
    const masked = reduced(this.#masked[t]);
    const count = masked.values.length / masked.length;
    if (count === 0) return new Float32Array(rows * columns);
    const came = counts.subarray(0, count);
    const weights = siduWeights(reduced(this.#unmasked[t]).values, masked, came, sigma);
    return weightedMasks(
      weights.map((weight, i) => weight * came[i]),
      masks.subarray(0, count * rows * columns),
    );
  }
}
