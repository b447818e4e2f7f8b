import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Latency of one stage over a run, milliseconds. */
export interface LatencyFigures {
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Latencies per stage in bounded memory, however long the run: Node's high-dynamic-range histograms (three significant
 * digits, in microseconds).
 */
export class StageLatencies {
  readonly #histograms = new Map<string, RecordableHistogram>();

  /** Adds one measurement for each stage, in milliseconds. */
  add(stages: Readonly<Record<string, number>>): void {
    for (const [stage, milliseconds] of Object.entries(stages)) {
      if (!Number.isFinite(milliseconds)) continue;
      let histogram = this.#histograms.get(stage);
      if (histogram === undefined) this.#histograms.set(stage, (histogram = createHistogram()));
      // The histogram takes whole numbers from 1 on.
      histogram.record(Math.max(1, Math.round(milliseconds * 1000)));
    }
  }

  /** Figures of the stages, in the order in which they first appeared. */
  figures(): Record<string, LatencyFigures> {
    return Object.fromEntries(
      [...this.#histograms].map(([stage, histogram]) => [
        stage,
        {
          count: histogram.count,
          medianMs: histogram.percentile(50) / 1000,
          p99Ms: histogram.percentile(99) / 1000,
          maxMs: histogram.max / 1000,
        },
      ]),
    );
  }
}
