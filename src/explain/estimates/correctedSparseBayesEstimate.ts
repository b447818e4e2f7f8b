import type { MaskStream, SampledMask } from '../masks/maskStream.js';
import { solveSymmetric } from './cholesky.js';
import { LinearMaps } from './linearMaps.js';
import type { MapEstimate, MapGeometry } from './riseEstimate.js';
import { type ScoreSums, SparseRegression } from './sparseRegression.js';

/** Share of their variance that cheap slopes are held at 1 with, and cheap residuals at 0, as few full passes say little of either. */
const HOLD = 0.2;

/** A linear model of a target's cheap scores: `level + Σ_k slopes_k z_k`. */
interface CheapModel {
  readonly level: number;
  readonly slopes: Float64Array;
}

/**
 * The map of many cheap passes, corrected by few full ones. Cheap scores l are regressed on their masks (SparseRegression), `l = u + e` with u linear in
 * the mask. Full scores f are regressed on u and e, `f ≈ a + g·u + c·e`; what that leaves over is regressed on the masks again:
 *
 * `S = g·S_u + S_(f − g·u − c·e)`. e has no linear part, so c·e takes noise off f and nothing from its map, and
 * with many full passes the map is theirs whatever the cheap scores are.
 *
 * There is no standard error: what two regressions of different masks leave over was not found to cover what it should. Scores are [2T]: the cheap
 * ones of all targets, then the full ones, NaN where there was no full pass. Of full passes the first 2048 count.
 */
export class CorrectedSparseBayesEstimate implements MapEstimate {
  readonly #cheap: SparseRegression;
  readonly #full: SparseRegression;
  readonly #maps: LinearMaps;
  /** Cheap scores [T] of each mask with a full pass. */
  readonly #beside: Float64Array[] = [];
  readonly #known: ({ readonly passes: number; readonly map: Float32Array } | undefined)[];

  readonly #geometry: MapGeometry;
  readonly #targetCount: number;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.#geometry = geometry;
    this.#targetCount = targetCount;
    this.#cheap = new SparseRegression(geometry, stream, targetCount);
    this.#full = new SparseRegression(geometry, stream, targetCount);
    this.#maps = new LinearMaps(geometry, stream);
    this.#known = new Array<undefined>(targetCount).fill(undefined);
  }

  get passes(): number {
    return this.#cheap.moments.masks;
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    const targetCount = this.#targetCount;
    const part = (from: number): Float64Array => Float64Array.from({ length: targetCount }, (_, t) => scores[from + t]);
    this.#cheap.moments.add(mask, part(0));
    if (Number.isNaN(scores[targetCount])) return;
    const { moments } = this.#full;
    const before = moments.kept.length;
    moments.add(mask, part(targetCount));
    if (moments.kept.length > before) this.#beside.push(part(0));
  }

  map(target: number): Float32Array {
    const known = this.#known[target];
    if (known?.passes === this.passes) return known.map;
    const made = { passes: this.passes, map: this.#draw(target) };
    this.#known[target] = made;
    return made.map;
  }

  standardError(): undefined {
    return undefined;
  }

  convergence(): undefined {
    return undefined;
  }

  #draw(target: number): Float32Array {
    const cheap = this.#cheapModel(target);
    const { kept } = this.#full.moments;
    const map = new Float64Array(this.#geometry.width * this.#geometry.height);
    if (kept.length === 0) {
      if (cheap) this.#maps.mapOf(cheap.slopes, cheap.level, map);
      return Float32Array.from(map);
    }
    const along = kept.map(({ features }) => dot(cheap?.slopes, features));
    const rest = kept.map((_, i) => (cheap ? this.#beside[i][target] - cheap.level - along[i] : 0));
    const full = Float64Array.from(kept, ({ scores }) => scores[target]);
    const [factor, follow] = following(
      kept.map(({ mask }) => mask.weight),
      along,
      rest,
      full,
    );
    const left = full.map((score, i) => score - factor * along[i] - follow * rest[i]);
    const slopes = cheap ? cheap.slopes.map((slope) => factor * slope) : new Float64Array(kept[0].features.length);
    const sums = this.#sumsOf(left);
    // Of K bumps one will always fit the noise of few scores: a slope has to be worth the choice.
    const model = this.#full.fit(left, sums, 2 * Math.log(slopes.length));
    let level = sums.sum / kept.reduce((sum, { mask }) => sum + mask.weight, 0);
    if (model) {
      const { active, slopes: bumps } = model.posterior;
      const own = this.#full.basis.latticeSlopes(active, bumps);
      level = model.level - dot(own, this.#full.moments.spread().mean);
      own.forEach((slope, k) => (slopes[k] += slope));
    }
    this.#maps.mapOf(slopes, level, map);
    return Float32Array.from(map);
  }

  #cheapModel(target: number): CheapModel | undefined {
    const { moments, basis } = this.#cheap;
    const scores = Float64Array.from(moments.kept, (one) => one.scores[target]);
    const model = this.#cheap.fit(scores, moments.sumsOf(target));
    if (!model) return undefined;
    const slopes = basis.latticeSlopes(model.posterior.active, model.posterior.slopes);
    return { slopes, level: model.level - dot(slopes, moments.spread().mean) };
  }

  #sumsOf(scores: Float64Array): ScoreSums {
    const { kept } = this.#full.moments;
    const moments = new Float64Array(kept[0].features.length);
    let [sum, squares] = [0, 0];
    kept.forEach(({ mask: { weight }, features }, i) => {
      const scaled = weight * scores[i];
      sum += scaled;
      squares += scaled * scores[i];
      for (let k = 0; k < moments.length; k++) moments[k] += scaled * features[k];
    });
    return { sum, squares, moments };
  }

  save(): Float64Array[] {
    const cheap = this.#cheap.save();
    return [
      Float64Array.of(cheap.length, this.#beside.length),
      ...cheap,
      ...this.#beside.map((row) => row.slice()),
      ...this.#full.save(),
    ];
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    const [cheap = 0, beside = 0] = saved[0] ?? [];
    this.#cheap.restore(saved.slice(1, 1 + cheap));
    const rows = saved.slice(1 + cheap, 1 + cheap + beside);
    this.#full.restore(saved.slice(1 + cheap + beside));
    const fits = rows.every(({ length }) => length === this.#targetCount);
    if (this.passes !== passes || rows.length !== this.#full.moments.kept.length || !fits)
      throw new RangeError('the saved masks are those of another explanation');
    this.#beside.splice(0, this.#beside.length, ...rows.map((row) => row.slice()));
    this.#known.fill(undefined);
  }
}

function dot(a: Float64Array | undefined, b: ArrayLike<number>): number {
  let sum = 0;
  if (a) for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** g and c of `f ≈ a + g·u + c·e`: weighted least squares, g held at 1 and c at 0 (see HOLD). */
function following(
  weights: readonly number[],
  along: readonly number[],
  rest: readonly number[],
  full: Float64Array,
): [number, number] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (i: number) => number): number =>
    weights.reduce((sum, weight, i) => sum + weight * of(i), 0) / total;
  const [u, e, f] = [mean((i) => along[i]), mean((i) => rest[i]), mean((i) => full[i])];
  const [uu, ue, ee] = [
    mean((i) => (along[i] - u) ** 2),
    mean((i) => (along[i] - u) * (rest[i] - e)),
    mean((i) => (rest[i] - e) ** 2),
  ];
  if (!(uu > 0)) return [1, 0];
  const side = Float64Array.of(
    mean((i) => (along[i] - u) * (full[i] - f)) + HOLD * uu,
    mean((i) => (rest[i] - e) * (full[i] - f)),
  );
  const floor = Number.EPSILON * uu;
  solveSymmetric(Float64Array.of(uu * (1 + HOLD), 0, ue, ee * (1 + HOLD) + floor), 2, [side]);
  return [side[0], side[1]];
}
