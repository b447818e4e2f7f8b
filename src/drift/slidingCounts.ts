/** Counts by bin over a window that slides in whole slices: memory is slices × bins, whatever the rate. */
export class SlidingCounts {
  readonly #slices: Uint32Array[];
  readonly #sum: Float64Array;
  #newest = 0;
  #total = 0;

  constructor(bins: number, slices: number) {
    this.#slices = Array.from({ length: slices }, () => new Uint32Array(bins));
    this.#sum = new Float64Array(bins);
  }

  /** Counts over the whole window. */
  get counts(): ArrayLike<number> {
    return this.#sum;
  }

  get total(): number {
    return this.#total;
  }

  add(bin: number): void {
    this.#slices[this.#newest][bin]++;
    this.#sum[bin]++;
    this.#total++;
  }

  /** Begins a new slice; the oldest one leaves the window. */
  advance(): void {
    this.#newest = (this.#newest + 1) % this.#slices.length;
    const oldest = this.#slices[this.#newest];
    oldest.forEach((count, bin) => {
      this.#sum[bin] -= count;
      this.#total -= count;
    });
    oldest.fill(0);
  }

  clear(): void {
    for (const slice of this.#slices) slice.fill(0);
    this.#sum.fill(0);
    this.#total = 0;
  }
}
