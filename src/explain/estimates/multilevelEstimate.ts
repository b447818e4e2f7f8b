import type { SampledMask } from '../masks/maskStream.js';
import { sampleMask } from '../masks/gridMask.js';
import { copyAll, pearson, stepUp, type MapEstimate, type MapGeometry } from './riseEstimate.js';

/**
 * Sums of one target, [pixels] each. f is the weighted score of a full pass, l that of a cheap one, M the mask; "both" are masks
 * that have both scores, in two halves, "cheap" those that have the cheap one only, in two halves.
 */
interface Sums {
  readonly full: readonly [Float64Array, Float64Array];
  readonly both: readonly [Float64Array, Float64Array];
  readonly cheap: readonly [Float64Array, Float64Array];
  /** Σ f²M², Σ flM², Σ l²M² of masks with both, Σ l²M² of the cheap ones. */
  readonly squares: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  /** Σ fl·‖M‖² and Σ l²·‖M‖² of each half of the masks with both. */
  readonly slopes: Float64Array;
}

/**
 * Equation 4 of the study from many cheap passes and few full ones (a control variate; Giles 2008 for the idea of levels): where
 * the cheap scores l stand in for the full ones f,
 * `S = 1/E[M] · ( mean_A(f·M) − β·(mean_A(l·M) − mean_C(l·M)) )`
 * with A the masks that were passed both ways and C those passed cheaply only. Its expectation is that of `mean(f·M)/E[M]`
 * whatever l is: a bias of the cheap passes cancels. The better l follows f, the less of f's noise is left. β is the least-squares
 * slope that minimises the sum of both noises over the map, `Σ fl‖M‖² / Σ l²‖M‖² / (1 + |A|/|C|)`; each half of A uses the β of
 * the other half, as a β of its own masks would bias the estimate.
 *
 * Masks have to be independent of each other (samplers `plain` and `importance`). Scores are [2T]: the cheap ones of all
 * targets, then the full ones, NaN where there was no full pass.
 */
export class MultilevelEstimate implements MapEstimate {
  passes = 0;
  /** Masks with both scores in each half, and cheap ones in each half. */
  readonly #counts = new Float64Array(4);
  readonly #targets: readonly Sums[];
  readonly #mask: Float64Array;

  /** @param probability E[M] */
  constructor(
    private readonly geometry: MapGeometry,
    private readonly probability: number,
    targetCount: number,
  ) {
    const zeros = (): Float64Array => new Float64Array(geometry.width * geometry.height);
    this.#mask = zeros();
    this.#targets = Array.from({ length: targetCount }, () => ({
      full: [zeros(), zeros()],
      both: [zeros(), zeros()],
      cheap: [zeros(), zeros()],
      squares: [zeros(), zeros(), zeros(), zeros()],
      slopes: new Float64Array(4),
    }));
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    const count = this.#targets.length;
    const corrected = !Number.isNaN(scores[count]);
    const kind = corrected ? 0 : 2;
    const half = this.#counts[kind] > this.#counts[kind + 1] ? 1 : 0;
    this.#counts[kind + half] += 1;
    this.passes += 1;
    let norm: number | undefined;
    this.#targets.forEach((sums, t) => {
      const cheap = mask.weight * scores[t];
      const full = corrected ? mask.weight * scores[count + t] : 0;
      if (cheap === 0 && full === 0) return;
      norm ??= this.#sample(mask);
      if (corrected) this.#addBoth(sums, half, full, cheap, norm);
      else this.#addCheap(sums, half, cheap);
    });
  }

  /** Makes the mask; returns ‖M‖². */
  #sample(mask: SampledMask): number {
    sampleMask(mask, this.geometry, this.geometry.content, this.#mask);
    return this.#mask.reduce((sum, value) => sum + value * value, 0);
  }

  #addBoth({ full: fulls, both, squares, slopes }: Sums, half: 0 | 1, full: number, cheap: number, norm: number): void {
    const [ff, fl, ll] = squares;
    this.#mask.forEach((value, x) => {
      fulls[half][x] += full * value;
      both[half][x] += cheap * value;
      const square = value * value;
      ff[x] += full * full * square;
      fl[x] += full * cheap * square;
      ll[x] += cheap * cheap * square;
    });
    slopes[2 * half] += full * cheap * norm;
    slopes[2 * half + 1] += cheap * cheap * norm;
  }

  #addCheap({ cheap: cheaps, squares }: Sums, half: 0 | 1, cheap: number): void {
    this.#mask.forEach((value, x) => {
      cheaps[half][x] += cheap * value;
      squares[3][x] += cheap * cheap * value * value;
    });
  }

  /** β from the masks of one half; 0, which leaves plain equation 4, where there is nothing to learn or to correct with. */
  #beta({ slopes }: Sums, half: 0 | 1): number {
    const [a0, a1, c0, c1] = this.#counts;
    const [product = 0, square = 0] = slopes.subarray(2 * half, 2 * half + 2);
    return square > 0 && c0 > 0 && c1 > 0 ? product / square / (1 + (a0 + a1) / (c0 + c1)) : 0;
  }

  map(target: number): Float32Array {
    const [a0, a1, c0, c1] = this.#counts;
    if (a0 + a1 === 0) return new Float32Array(this.#mask.length);
    const cheap = (sums: Sums, x: number): number => (sums.cheap[0][x] + sums.cheap[1][x]) / Math.max(1, c0 + c1);
    const [first, second] = [this.#half(target, 0, cheap), this.#half(target, 1, cheap)];
    const share = a0 / (a0 + a1);
    return Float32Array.from(first, (value, x) => share * value + (1 - share) * second[x]);
  }

  /** The estimate of one half of the masks with both scores, by the other half's β. */
  #half(target: number, half: 0 | 1, cheap: (sums: Sums, x: number) => number): Float64Array {
    const sums = this.#targets[target];
    const beta = this.#beta(sums, half === 0 ? 1 : 0);
    const count = Math.max(1, this.#counts[half]);
    return this.#mask.map((_, x) => {
      const surprise = sums.both[half][x] / count - cheap(sums, x);
      return (sums.full[half][x] / count - beta * surprise) / this.probability;
    });
  }

  standardError(target: number): Float32Array {
    const [a0, a1, c0, c1] = this.#counts;
    const [a, c] = [a0 + a1, c0 + c1];
    if (a < 2) return new Float32Array(this.#mask.length).fill(Infinity);
    const sums = this.#targets[target];
    const beta = (this.#beta(sums, 0) + this.#beta(sums, 1)) / 2;
    const [ff, fl, ll, cc] = sums.squares;
    const variance = (squares: number, sum: number, n: number): number =>
      n < 2 ? 0 : Math.max(0, squares - (sum * sum) / n) / (n * (n - 1));
    return Float32Array.from(this.#mask, (_, x) => {
      const difference = sums.full[0][x] + sums.full[1][x] - beta * (sums.both[0][x] + sums.both[1][x]);
      const corrected = variance(ff[x] - 2 * beta * fl[x] + beta * beta * ll[x], difference, a);
      const cheap = variance(cc[x], sums.cheap[0][x] + sums.cheap[1][x], c);
      return Math.sqrt(corrected + beta * beta * cheap) / this.probability;
    });
  }

  convergence(target: number): number {
    const [, , c0, c1] = this.#counts;
    const first = this.#half(target, 0, (sums, x) => sums.cheap[0][x] / Math.max(1, c0));
    const second = this.#half(target, 1, (sums, x) => sums.cheap[1][x] / Math.max(1, c1));
    return stepUp(pearson(first, second));
  }

  save(): Float64Array[] {
    return this.#arrays().map((array) => array.slice());
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    copyAll(saved, this.#arrays());
    this.passes = passes;
  }

  #arrays(): Float64Array[] {
    const each = this.#targets.flatMap(({ full, both, cheap, squares, slopes }) => [
      ...full,
      ...both,
      ...cheap,
      ...squares,
      slopes,
    ]);
    return [this.#counts, ...each];
  }
}

/** True where mask `index` of `passes` is one of `corrected` that also get a full pass, spread evenly. */
export function isCorrected(index: number, passes: number, corrected: number): boolean {
  return Math.floor(((index + 1) * corrected) / passes) > Math.floor((index * corrected) / passes);
}
