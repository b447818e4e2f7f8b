import { invertSymmetric } from './cholesky.js';

/** What a regression of N centred scores t on D centred features φ needs of them; weighted masks count by their weight, of mean 1. */
export interface RegressionSums {
  /** N. */
  readonly count: number;
  /** Σ φ φᵀ [D, D], both triangles. */
  readonly gram: Float64Array;
  /** Σ φ t [D]. */
  readonly moments: Float64Array;
  /** Σ t². */
  readonly squares: number;
}

/** A posterior over the few slopes that the scores speak for; all others are 0. */
export interface SparsePosterior {
  /** Which features have a slope, [m]. */
  readonly active: readonly number[];
  /** Posterior means μ [m] and covariances Σ [m, m] of their slopes. */
  readonly slopes: Float64Array;
  readonly covariance: Float64Array;
  /** 1 / variance that each slope was expected to have, α [m]. */
  readonly precisions: Float64Array;
  /** 1 / variance of the noise, β. */
  readonly noisePrecision: number;
  /** How many slopes the scores determine, `Σ_i (1 − α_i Σ_ii)`. */
  readonly determined: number;
}

/** Most slopes of one posterior and most changes of it: what bounds the time of a fit. */
const MOST_SLOPES = 64;
const MOST_STEPS = 160;
/** A change that raises the log evidence less is none. */
const LEAST_GAIN = 1e-3;
/** The noise is looked at again after so many changes, and held above this share of the scores' variance. */
const NOISE_EVERY = 5;
const NOISE_FLOOR = 1e-4;

/**
 * Sparse Bayesian regression (Tipping 2001), `t = Σ_k b_k φ_k + noise`, `b_k ~ N(0, 1/α_k)`, `noise ~ N(0, 1/β)`: every slope has a variance
 * of its own, which the scores decide, and for most of them it is 0. No slope is expected more than another.
 *
 * The evidence is climbed by adding, changing or taking away the slope that raises it most (Tipping & Faul 2003): with
 * `S_k = φ_kᵀ C⁻¹ φ_k`, `Q_k = φ_kᵀ C⁻¹ t` and s, q the same without k itself, the best α_k is `s²/(q² − s)` where `q² > s` and infinite elsewhere.
 * β follows by MacKay's fixed point, `β = (N − 1 − γ) / ‖t − Σ b φ‖²`, γ the slopes determined.
 * @param start a posterior to begin with
 * @param leastGain that a change has to raise twice the log evidence by
 */
export function sparseBayes(sums: RegressionSums, start?: SparsePosterior, leastGain = LEAST_GAIN): SparsePosterior {
  const climb = new Climb(sums, start, leastGain);
  for (let step = 1; step <= MOST_STEPS; step++) {
    const changed = climb.improve();
    if (!changed || step % NOISE_EVERY === 0) {
      const steady = climb.estimateNoise();
      if (!changed && steady) break;
    }
  }
  return climb.posterior();
}

class Climb {
  readonly #leastGain: number;
  readonly #alpha: Float64Array;
  readonly #active: number[] = [];
  #beta: number;
  #slopes = new Float64Array(0);
  #covariance = new Float64Array(0);
  /** S and Q of every feature. */
  readonly #fits: Float64Array;
  readonly #follows: Float64Array;

  readonly #sums: RegressionSums;

  constructor(sums: RegressionSums, start: SparsePosterior | undefined, leastGain: number) {
    this.#leastGain = leastGain;
    this.#sums = sums;
    const features = sums.moments.length;
    this.#alpha = new Float64Array(features).fill(Infinity);
    this.#fits = new Float64Array(features);
    this.#follows = new Float64Array(features);
    this.#beta = start?.noisePrecision ?? sums.count / Math.max(0.9 * sums.squares, Number.MIN_VALUE);
    start?.active.forEach((feature, i) => {
      this.#active.push(feature);
      this.#alpha[feature] = start.precisions[i];
    });
    this.#update();
  }

  /** Makes the one change that raises the evidence most; false where none does. */
  improve(): boolean {
    let [best, gain, precision] = [-1, this.#leastGain, Infinity];
    const full = this.#active.length >= MOST_SLOPES;
    for (let k = 0; k < this.#alpha.length; k++) {
      const alpha = this.#alpha[k];
      const [fit, follow] = [this.#fits[k], this.#follows[k]];
      const isNew = alpha === Infinity;
      const s = isNew ? fit : (alpha * fit) / (alpha - fit);
      const q = isNew ? follow : (alpha * follow) / (alpha - fit);
      const square = q * q;
      if (isNew && (full || !(square > s && s > 0))) continue;
      let risen: number;
      let wanted = Infinity;
      if (square > s) {
        wanted = (s * s) / (square - s);
        // Equations 27 and 32 of Tipping & Faul, doubled.
        if (isNew) risen = (square - s) / s + Math.log(s / square);
        else {
          const change = 1 / wanted - 1 / alpha;
          risen = change === 0 ? 0 : (follow * follow) / (fit + 1 / change) - Math.log(1 + fit * change);
        }
        // Equation 37: taken away.
      } else risen = (follow * follow) / (fit - alpha) - Math.log(1 - fit / alpha);
      if (Number.isFinite(risen) && risen > gain) [best, gain, precision] = [k, risen, wanted];
    }
    if (best < 0) return false;
    if (this.#alpha[best] === Infinity) this.#active.push(best);
    else if (precision === Infinity) this.#active.splice(this.#active.indexOf(best), 1);
    this.#alpha[best] = precision;
    this.#update();
    return true;
  }

  /** @returns whether it stayed as it was */
  estimateNoise(): boolean {
    const { squares, count } = this.#sums;
    const left = Math.max(this.#residual(), NOISE_FLOOR * squares, Number.MIN_VALUE);
    const next = Math.max(1, count - 1 - this.#determined()) / left;
    const steady = Math.abs(Math.log(next / this.#beta)) < 1e-3;
    this.#beta = next;
    this.#update();
    return steady;
  }

  posterior(): SparsePosterior {
    return {
      active: [...this.#active],
      slopes: this.#slopes,
      covariance: this.#covariance,
      precisions: Float64Array.from(this.#active, (feature) => this.#alpha[feature]),
      noisePrecision: this.#beta,
      determined: this.#determined(),
    };
  }

  #determined(): number {
    const m = this.#active.length;
    return this.#active.reduce((sum, feature, i) => sum + 1 - this.#alpha[feature] * this.#covariance[i * m + i], 0);
  }

  /** `‖t − Σ b φ‖²`. */
  #residual(): number {
    const { gram, moments, squares } = this.#sums;
    const features = moments.length;
    let left = squares;
    this.#active.forEach((a, i) => {
      let explained = 0;
      this.#active.forEach((b, j) => (explained += gram[a * features + b] * this.#slopes[j]));
      left += this.#slopes[i] * (explained - 2 * moments[a]);
    });
    return left;
  }

  /** Posterior of the active slopes, `Σ = (β Φᵀ Φ + A)⁻¹`, `μ = β Σ Φᵀ t`, and what it leaves every feature. */
  #update(): void {
    const { gram, moments } = this.#sums;
    const features = moments.length;
    const active = this.#active;
    const m = active.length;
    const beta = this.#beta;
    const precision = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++) precision[i * m + j] = beta * gram[active[i] * features + active[j]];
      precision[i * m + i] += this.#alpha[active[i]];
    }
    const covariance = invertSymmetric(precision, m);
    const slopes = new Float64Array(m);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++) slopes[i] += beta * covariance[i * m + j] * moments[active[j]];
    [this.#covariance, this.#slopes] = [covariance, slopes];
    const seen = new Float64Array(m);
    for (let k = 0; k < features; k++) {
      let [along, own] = [0, 0];
      for (let i = 0; i < m; i++) {
        seen[i] = gram[active[i] * features + k];
        along += seen[i] * slopes[i];
        // Only one triangle: the other is the same.
        let sum = 0;
        for (let j = 0; j < i; j++) sum += covariance[i * m + j] * seen[j];
        own += seen[i] * (2 * sum + covariance[i * m + i] * seen[i]);
      }
      this.#fits[k] = beta * (gram[k * features + k] - beta * own);
      this.#follows[k] = beta * (moments[k] - along);
    }
  }
}
