import { pearson } from '../../maps/mapAgreement.js';

/** Running sums of one target's map, in float64. */
interface Sums {
  /** [pixels]: Σ y over all masks, over every second one, and Σ y². */
  readonly sum: Float64Array;
  readonly half: Float64Array;
  readonly squares: Float64Array;
}

/**
 * Mean, variance and convergence of maps that are averages over N independent masks, without keeping the masks. Squares are summed in
 * float64 and `Σ y² − (Σ y)²/N` taken at the end.
 */
export class MapSums {
  /** Masks so far; an estimate that is restored sets it along with `arrays`. */
  passes = 0;
  readonly #targets: readonly Sums[];
  readonly #nothing: Float64Array;

  constructor(pixels: number, targetCount: number) {
    const array = (): Float64Array => new Float64Array(pixels);
    this.#targets = Array.from({ length: targetCount }, () => ({ sum: array(), half: array(), squares: array() }));
    this.#nothing = array();
  }

  /** Adds `factor · mask + base`; at most once for each mask and target. */
  accumulate(target: number, factor: number, mask: Float64Array, base: Float64Array = this.#nothing): void {
    addTo(this.#targets[target], this.passes % 2 === 1, factor, mask, base);
  }

  /** Counts a mask; to be called once after all targets were accumulated. */
  endMask(): void {
    this.passes += 1;
  }

  mean(target: number): Float32Array {
    const scale = 1 / Math.max(1, this.passes);
    return Float32Array.from(this.#targets[target].sum, (value) => value * scale);
  }

  standardError(target: number): Float32Array {
    const { sum, squares } = this.#targets[target];
    const { passes } = this;
    if (passes < 2) return new Float32Array(sum.length).fill(Infinity);
    const scale = 1 / Math.sqrt(passes * (passes - 1));
    return Float32Array.from(sum, (value, x) => scale * Math.sqrt(Math.max(0, squares[x] - (value * value) / passes)));
  }

  /** See MapEstimate.convergence. */
  convergence(target: number): number {
    const { sum, half } = this.#targets[target];
    const r = pearson(
      sum.map((value, x) => value - half[x]),
      half,
    );
    return stepUp(r);
  }

  /** The sums themselves. */
  arrays(): Float64Array[] {
    return this.#targets.flatMap(({ sum, half, squares }) => [sum, half, squares]);
  }
}

/**
 * Adds `factor · mask + base` to all sums in one go: one way through memory instead of three, and two loops without a branch, which take
 * half the time of one with it.
 */
function addTo(
  { sum, half, squares }: Sums,
  second: boolean,
  factor: number,
  mask: Float64Array,
  base: Float64Array,
): void {
  if (second)
    for (let x = 0; x < sum.length; x++) {
      const value = factor * mask[x] + base[x];
      sum[x] += value;
      squares[x] += value * value;
      half[x] += value;
    }
  else
    for (let x = 0; x < sum.length; x++) {
      const value = factor * mask[x] + base[x];
      sum[x] += value;
      squares[x] += value * value;
    }
}

/** Copies saved arrays over an estimate's own. @throws RangeError where they are not of the same number and lengths */
export function copyAll(saved: readonly Float64Array[], own: readonly Float64Array[]): void {
  if (saved.length !== own.length || own.some((array, i) => saved[i]?.length !== array.length))
    throw new RangeError('the saved sums are those of another explanation');
  own.forEach((array, i) => array.set(saved[i]));
}

/** `√(2r / (1 + r))`, 0 where two halves do not agree at all: see MapEstimate.convergence. */
export function stepUp(r: number): number {
  return r > 0 ? Math.sqrt((2 * r) / (1 + r)) : 0;
}
