/** Median and 99th percentile of the newest values of one stage, in the values' unit. */
export interface LatencyFigures {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
}

/** Keeps the newest `capacity` values. */
export class LatencyWindow {
  readonly #values: Float64Array;
  #added = 0;

  constructor(capacity = 256) {
    this.#values = new Float64Array(capacity);
  }

  add(value: number): void {
    this.#values[this.#added % this.#values.length] = value;
    this.#added++;
  }

  /** `undefined` before the first value. Percentiles by the nearest rank. */
  figures(): LatencyFigures | undefined {
    const count = Math.min(this.#added, this.#values.length);
    if (count === 0) return undefined;
    const sorted = this.#values.slice(0, count).sort();
    const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
    return { count, median: rank(0.5), p99: rank(0.99) };
  }
}
