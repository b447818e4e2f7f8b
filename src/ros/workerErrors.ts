/** Errors in worker threads that belong to no image; the threads go on. */
export interface WorkerErrorCounts {
  /** Since the last snapshot. */
  readonly recent: number;
  readonly total: number;
  readonly last: string | undefined;
}

/** Counts them for /diagnostics. */
export class WorkerErrors {
  #total = 0;
  #reported = 0;
  #last: string | undefined;

  add(error: Error): void {
    this.#total++;
    this.#last = error.message;
  }

  snapshot(): WorkerErrorCounts {
    const recent = this.#total - this.#reported;
    this.#reported = this.#total;
    return { recent, total: this.#total, last: this.#last };
  }
}
