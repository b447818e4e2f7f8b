/** Running sums of one target's map, in float64. */
interface Sums {
  /** [pixels]: Σ of all finished groups, of every second one, of their squares, and Σ of the group at hand. */
  readonly sum: Float64Array;
  readonly half: Float64Array;
  readonly squares: Float64Array;
  readonly group: Float64Array;
}

/**
 * Mean, variance and convergence of maps that are averages over masks, without keeping the masks. Masks of a group depend on
 * each other, groups do not: the variance is that between groups. Squares are summed in float64 and `Σ y² − (Σ y)²/G` taken at
 * the end.
 */
export class MapSums {
  passes = 0;
  readonly #targets: readonly Sums[];
  readonly #touched: boolean[];
  readonly #nothing: Float64Array;

  constructor(
    pixels: number,
    private readonly groupSize: number,
    targetCount: number,
  ) {
    const array = (): Float64Array => new Float64Array(pixels);
    this.#targets = Array.from({ length: targetCount }, () => ({
      ...{ sum: array(), half: array(), squares: array(), group: array() },
    }));
    this.#touched = this.#targets.map(() => false);
    this.#nothing = array();
  }

  /** Whether the next mask is the first of a group. */
  get atGroupStart(): boolean {
    return this.passes % this.groupSize === 0;
  }

  /** Adds `factor · mask + base` to the group at hand; at most once for each mask and target. */
  accumulate(target: number, factor: number, mask: Float64Array, base?: Float64Array): void {
    const sums = this.#targets[target];
    if (this.groupSize === 1) {
      addWholeGroup(sums, this.passes % 2 === 1, factor, mask, base ?? this.#nothing);
      return;
    }
    const { group } = sums;
    if (base) for (let x = 0; x < group.length; x++) group[x] += factor * mask[x] + base[x];
    else for (let x = 0; x < group.length; x++) group[x] += factor * mask[x];
    this.#touched[target] = true;
  }

  /** Counts a mask; to be called once after all targets were accumulated. */
  endMask(): void {
    this.passes += 1;
    if (this.passes % this.groupSize !== 0) return;
    const second = (this.passes / this.groupSize) % 2 === 0;
    this.#targets.forEach(({ sum, half, squares, group }, t) => {
      // Most passes find most targets nowhere and add nothing.
      if (!this.#touched[t]) return;
      for (let x = 0; x < group.length; x++) {
        const value = group[x];
        sum[x] += value;
        squares[x] += value * value;
      }
      if (second) for (let x = 0; x < group.length; x++) half[x] += group[x];
      group.fill(0);
      this.#touched[t] = false;
    });
  }

  mean(target: number): Float32Array {
    const { sum, group } = this.#targets[target];
    const scale = 1 / Math.max(1, this.passes);
    return Float32Array.from(sum, (value, x) => (value + group[x]) * scale);
  }

  standardError(target: number): Float32Array {
    const { sum, squares } = this.#targets[target];
    const groups = Math.floor(this.passes / this.groupSize);
    if (groups < 2) return new Float32Array(sum.length).fill(Infinity);
    const scale = 1 / (this.groupSize * Math.sqrt(groups * (groups - 1)));
    return Float32Array.from(sum, (value, x) => scale * Math.sqrt(Math.max(0, squares[x] - (value * value) / groups)));
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
    return this.#targets.flatMap(({ sum, half, squares, group }) => [sum, half, squares, group]);
  }

  /** To be called after `arrays` were overwritten with those of an estimate after `passes` masks. */
  restored(passes: number): void {
    this.#touched.fill(true);
    this.passes = passes;
  }
}

/**
 * Adds `factor · mask + base`, a group of a single mask, to all sums in one go: one way through memory instead of four, and two loops
 * without a branch, which take half the time of one with it.
 */
function addWholeGroup(
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

/** Pearson's correlation of two maps; 0 where one of them is flat. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let meanA = 0;
  let meanB = 0;
  for (let x = 0; x < n; x++) {
    meanA += a[x] / n;
    meanB += b[x] / n;
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let x = 0; x < n; x++) {
    ab += (a[x] - meanA) * (b[x] - meanB);
    aa += (a[x] - meanA) ** 2;
    bb += (b[x] - meanB) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
