/** How many times something happened in the last minute, in buckets of a second: bounded however often it happens. */
export class RecentCount {
  readonly #seconds = new Float64Array(60);
  #newest = -1;
  readonly nowMs: () => number;

  /** @param nowMs steadily growing milliseconds */
  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs;
  }

  add(count = 1): void {
    const second = this.#advance();
    this.#seconds[second % 60] = (this.#seconds[second % 60] ?? 0) + count;
  }

  get lastMinute(): number {
    this.#advance();
    return this.#seconds.reduce((sum, count) => sum + count, 0);
  }

  #advance(): number {
    const now = Math.floor(this.nowMs() / 1000);
    const passed = Math.min(60, now - this.#newest);
    for (let i = 0; i < passed; i++) this.#seconds[(now - i) % 60] = 0;
    this.#newest = now;
    return now;
  }
}
