import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExpectedError } from '../../errors.js';
import type { ExplainSettings } from '../settings.js';
import type { Spectrum } from '../../spectrum.js';
import type { BandModels } from '../frame/bandModels.js';
import type { CpuBudget } from './cpuBudget.js';
import { type DurableFiles, durableFiles } from '../../frameLog/durableFiles.js';
import type { Totals } from './explainJournal.js';
import { explainFrame, type ExplainProgress } from '../frame/explainFrame.js';
import { ExplainQueue, type QueueOrder } from './explainQueue.js';
import { type ExplainedImage, ExplanationStore } from './explanationStore.js';
import { type LoggedFrame, type LoggedSet, readLoggedSet } from '../../frameLog/loggedFrames.js';
import { overlayJpeg, type OverlayStyle } from '../frame/pictures.js';
import { prepareFrame } from '../frame/prepareFrame.js';

export interface LoopOptions {
  readonly frameLogFolder: string;
  readonly resultsFolder: string;
  readonly resultBytes: number;
  readonly order: QueueOrder;
  readonly maxWaiting: number;
  readonly pollSeconds: number;
  /** Until what failed for want of a disk or a model is tried again; 5 unless given. */
  readonly retrySeconds?: number;
}

/** How explanations are made from now on. */
export interface LoopParameters {
  readonly settings: ExplainSettings;
  readonly seed: number;
  readonly maxBoxes: number;
  readonly cores: number;
  readonly framesPerMinute: number;
  readonly style: OverlayStyle;
}

export interface LoopHooks {
  readonly parameters: () => LoopParameters;
  /** Resolves when nothing more urgent is to be done. */
  readonly mayGoOn: () => Promise<void>;
  /** An image is explained, and its result is on the disk. Must not throw. */
  readonly onExplained: (image: ExplainedImage, file: string) => void;
  /** A set that cannot be explained, or results that cannot be written (which are tried again). */
  readonly onTrouble: (message: string) => void;
}

/** What there is to say about the queue. */
export interface LoopState {
  readonly waiting: number;
  readonly totals: Totals;
  readonly unreadableJournalLines: number;
  /** Images (of one band each) explained by this process. */
  readonly images: number;
  readonly boxes: number;
  readonly inWork:
    | {
        readonly set: bigint; /** `undefined` while the set is being read. */
        readonly band: Spectrum | undefined;
        readonly passes: number;
        readonly planned: number;
      }
    | undefined;
  /** What keeps the work from going on; `undefined` where it does. */
  readonly trouble: string | undefined;
}

/**
 * Explains the sets of a frame log one after the other, for ever. See ExplainQueue for what a crash does; an image's explanation is begun
 * again where a crash (or the end of the process) met it, the images before it are not.
 */
export class ExplainLoop {
  #images = 0;
  #boxes = 0;
  #inWork: LoopState['inWork'];
  #trouble: string | undefined;
  #lastBegunMs = -Infinity;

  private constructor(
    readonly options: LoopOptions,
    readonly hooks: LoopHooks,
    readonly models: BandModels,
    readonly budget: CpuBudget,
    readonly queue: ExplainQueue,
    readonly store: ExplanationStore,
  ) {}

  /** @throws ExpectedError `output` where the results cannot be kept in their folder */
  static async open(
    options: LoopOptions,
    hooks: LoopHooks,
    models: BandModels,
    budget: CpuBudget,
    files: DurableFiles = durableFiles,
  ): Promise<ExplainLoop> {
    const { resultsFolder, resultBytes, frameLogFolder: folder, order, maxWaiting } = options;
    const store = await ExplanationStore.open(resultsFolder, resultBytes);
    const journal = path.join(resultsFolder, 'journal.jsonl');
    const queue = await ExplainQueue.open(files, { folder, journal, order, maxWaiting });
    return new ExplainLoop(options, hooks, models, budget, queue, store);
  }

  /**
   * Works until the signal is aborted. What can be mended (a full disk, a model that is not there) is told and tried again.
   * @throws ExpectedError `environment` where a thread is gone
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const worked = await this.#step(signal);
        this.#trouble = undefined;
        if (!worked) await wait(this.options.pollSeconds, signal);
      } catch (error) {
        this.queue.putBack();
        if (signal.aborted) return;
        if (!(error instanceof Error) || isFatal(error)) throw error;
        const text = textOf(error);
        if (this.#trouble !== text) this.hooks.onTrouble(text);
        this.#trouble = text;
        await wait(this.options.retrySeconds ?? 5, signal);
      } finally {
        this.#inWork = undefined;
      }
    }
  }

  get state(): LoopState {
    return {
      waiting: this.queue.length,
      totals: this.queue.totals,
      unreadableJournalLines: this.queue.journal.unreadableLines,
      images: this.#images,
      boxes: this.#boxes,
      inWork: this.#inWork,
      trouble: this.#trouble,
    };
  }

  /** @returns whether there was a set to explain */
  async #step(signal: AbortSignal): Promise<boolean> {
    await this.queue.scan();
    const stampNs = await this.queue.take();
    if (stampNs === undefined) return false;
    this.#inWork = { set: stampNs, band: undefined, passes: 0, planned: 0 };
    let set: LoggedSet;
    try {
      set = await readLoggedSet(this.queue.fileOf(stampNs));
    } catch (error) {
      if (!isFramesFault(error)) throw error;
      await this.#giveUp(stampNs, textOf(error));
      return true;
    }
    const done = await this.store.explained(stampNs);
    const troubles: string[] = [];
    for (const logged of set.frames) {
      const { spectrum } = logged.frame;
      if (done.has(spectrum) || logged.detections.length === 0) continue;
      try {
        await this.#explain(stampNs, logged, signal);
      } catch (error) {
        if (signal.aborted || !isFramesFault(error)) throw error;
        troubles.push(`${spectrum}: ${textOf(error)}`);
      }
    }
    if (troubles.length > 0) await this.#giveUp(stampNs, troubles.join('; '));
    else await this.queue.finish(stampNs, 'explained');
    await this.store.trim(this.queue.unfinished);
    return true;
  }

  async #giveUp(stampNs: bigint, why: string): Promise<void> {
    const there = (await this.queue.files.read(this.queue.fileOf(stampNs))) !== undefined;
    await this.queue.finish(stampNs, there ? 'failed' : 'gone', why);
    if (there) this.hooks.onTrouble(`${this.queue.fileOf(stampNs)} is not explained: ${why}`);
  }

  async #explain(setStampNs: bigint, logged: LoggedFrame, signal: AbortSignal): Promise<void> {
    const { frame } = logged;
    await this.#pace(signal);
    const { settings, seed, style, maxBoxes } = this.hooks.parameters();
    const wish = { boxes: { most: maxBoxes }, settings, seed };
    const { explainer, pixels, work } = await prepareFrame(this.models, { frame, logged }, wish);
    let last: ExplainProgress | undefined;
    for await (const progress of explainFrame(explainer, work, signal)) {
      last = progress;
      const { passes, plannedPasses: planned } = progress;
      this.#inWork = { set: setStampNs, band: frame.spectrum, passes, planned };
      if (!progress.complete) await this.#holdBack(signal);
    }
    const [first, ...others] = last?.explanations ?? [];
    if (last?.complete !== true || first === undefined)
      throw new Error(`the explainer of ${explainer.manifest.name} has ended too early`);
    const explanations = [first, ...others] as const;
    const explained: ExplainedImage = {
      setStampNs,
      explanations,
      overlay: overlayJpeg(pixels, explanations, style),
    };
    const file = await this.store.write(explained);
    this.#images++;
    this.#boxes += explanations.length;
    this.hooks.onExplained(explained, file);
    await this.#holdBack(signal);
  }

  /** Not more images a minute than allowed. */
  async #pace(signal: AbortSignal): Promise<void> {
    const dueMs = this.#lastBegunMs + 60_000 / this.hooks.parameters().framesPerMinute;
    await wait((dueMs - performance.now()) / 1000, signal);
    await this.#holdBack(signal);
    this.#lastBegunMs = performance.now();
  }

  async #holdBack(signal: AbortSignal): Promise<void> {
    await this.budget.rest(this.hooks.parameters().cores, signal);
    await this.hooks.mayGoOn();
    signal.throwIfAborted();
  }
}

/** @throws the signal's reason, only from an aborted signal */
async function wait(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds > 0) await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
}

/** What no second attempt would mend; a defect is blamed on the frame at which it showed, or it would show there again and again. */
function isFramesFault(error: unknown): error is Error {
  if (error instanceof ExpectedError) return error.kind === 'input';
  return error instanceof Error && !isDiskTrouble(error);
}

/** A thread or what it needs is gone. */
function isFatal(error: Error): boolean {
  return error instanceof ExpectedError ? error.kind === 'environment' : !isDiskTrouble(error);
}

function isDiskTrouble(error: Error): boolean {
  return 'code' in error && 'syscall' in error;
}

function textOf(error: Error): string {
  return error instanceof ExpectedError ? `${error.message}; ${error.remedy}` : (error.stack ?? error.message);
}
