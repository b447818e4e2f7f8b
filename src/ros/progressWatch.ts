/** What the explain node does and has to do at one moment. */
export interface Progress {
  readonly images: number;
  /** Passes of the image in work; 0 where none is. */
  readonly passes: number;
  /** Frame sets that wait, and the one in work. */
  readonly toDo: number;
  readonly goalsRunning: number;
  readonly cores: number;
  readonly framesPerMinute: number;
}

/** What a process can know of its own running; injected so that tests never wait. */
export interface Processor {
  /** Milliseconds since an arbitrary moment, steadily growing. */
  readonly nowMs: () => number;
  /** For each thread, how long it has been ready to run without getting a processor so far, milliseconds. */
  readonly starvedMs: () => ReadonlyMap<string, number>;
}

/** As long may an image take, at least, without a word. */
const LEAST_SECONDS = 60;
/** A thread that waited for so much of the time was kept from working by others. */
const STARVED_SHARE = 0.5;

/** Says when explaining does not get on though there is something to explain, and why. */
export class ProgressWatch {
  readonly #processor: Processor;
  #image: { count: number; atMs: number; starved: ReadonlyMap<string, number> };
  #passes: { count: number; atMs: number };

  constructor(processor: Processor) {
    this.#processor = processor;
    const atMs = processor.nowMs();
    this.#image = { count: 0, atMs, starved: processor.starvedMs() };
    this.#passes = { count: 0, atMs };
  }

  /** In words; `undefined` where all is well. To be asked regularly. */
  trouble(progress: Progress): string | undefined {
    const { images, passes, toDo, goalsRunning, cores, framesPerMinute } = progress;
    const nowMs = this.#processor.nowMs();
    const starved = this.#processor.starvedMs();
    if (images !== this.#image.count || toDo === 0) this.#image = { count: images, atMs: nowMs, starved };
    if (passes !== this.#passes.count || this.#image.atMs === nowMs) this.#passes = { count: passes, atMs: nowMs };
    const limitMs = 1000 * Math.max(LEAST_SECONDS, 120 / framesPerMinute);
    const withoutImageMs = nowMs - this.#image.atMs;
    if (withoutImageMs < limitMs) return undefined;
    const what = `no image was explained for ${Math.round(withoutImageMs / 1000)} s though ${toDo} frame sets are to be`;
    if (goalsRunning > 0) return `${what}: goals of the action go first`;
    const waited = [...starved].map(([thread, ms]) => ms - (this.#image.starved.get(thread) ?? 0));
    const share = Math.max(0, ...waited) / withoutImageMs;
    if (share >= STARVED_SHARE) {
      return (
        `${what}: this process waited for a processor for ${Math.round(100 * Math.min(1, share))} % of that time, ` +
        'as other processes go first (chrt, nice, CPUWeight; see docs/ros.md)'
      );
    }
    if (nowMs - this.#passes.atMs < limitMs) {
      return `${what}: the image in work takes long with budget.cores ${cores}; give it more, or fewer passes`;
    }
    return `${what}, and not one pass was made: the disk or the model does not answer`;
  }
}
