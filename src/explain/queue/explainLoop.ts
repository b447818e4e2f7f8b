import { setTimeout as sleep } from 'node:timers/promises';
import { ExpectedError } from '../../errors.js';
import type { ExplainSettings } from '../settings.js';
import type { Spectrum } from '../../spectrum.js';
import type { BandModels } from '../frame/bandModels.js';
import type { CpuBudget } from './cpuBudget.js';
import { type DurableFiles, durableFiles } from '../../files/durableFiles.js';
import type { LogFile } from '../../frameLog/fileNames.js';
import type { Totals } from './explainJournal.js';
import type { Explanation } from '../explanation.js';
import { ExplainQueue, type QueueOrder } from './explainQueue.js';
import { type ExplainedImage, ExplanationStore } from './explanationStore.js';
import { type LoggedFrame, type LoggedSet, readLoggedSet } from '../../frameLog/loggedFrames.js';
import { paintFile } from '../../images/paint.js';
import { overlayOf, type OverlayStyle } from '../frame/pictures.js';
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
        /** Its id. */
        readonly set: string; /** `undefined` while the set is being read. */
        readonly band: Spectrum | undefined;
        readonly passes: number;
        readonly planned: number;
      }
    | undefined;
  /** What keeps the work from going on; `undefined` where it does. */
  readonly trouble: string | undefined;
}

const RETRY_SECONDS = 5;
/** A picture whose explanation ends the process is given up after so many times. */
const MOST_ATTEMPTS = 3;

/**
 * Explains the sets of a frame log one after the other, for ever. See ExplainQueue for what a crash does; an image's explanation is begun
 * again where a crash (or the end of the process) met it, the images before it are not. Nothing is made before the frame log is there: a
 * disk may be mounted late.
 */
export class ExplainLoop {
  readonly #queue: ExplainQueue;
  #openStore: ExplanationStore | undefined;
  /** Why there is none. */
  #noStore: unknown;
  /** Bands whose model is there. */
  readonly #loaded = new Set<Spectrum>();
  #images = 0;
  #boxes = 0;
  #inWork: LoopState['inWork'];
  #trouble: string | undefined;
  #lastBegunMs = -Infinity;
  readonly options: LoopOptions;
  readonly hooks: LoopHooks;
  readonly models: BandModels;
  readonly budget: CpuBudget;
  readonly files: DurableFiles;

  constructor(
    options: LoopOptions,
    hooks: LoopHooks,
    models: BandModels,
    budget: CpuBudget,
    files: DurableFiles = durableFiles,
  ) {
    this.options = options;
    this.hooks = hooks;
    this.models = models;
    this.budget = budget;
    this.files = files;
    const { resultsFolder: journals, frameLogFolder: folder, order, maxWaiting } = options;
    this.#queue = new ExplainQueue(files, { folder, journals, order, maxWaiting });
  }

  /**
   * Works until the signal is aborted. What can be mended (a frame log, a disk or a model that is not there) is told and tried again.
   * @throws ExpectedError `environment` where a thread is gone, `output` or `usage` where the results cannot be kept in their folder
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const worked = await this.#step(signal);
        this.#trouble = undefined;
        if (!worked) await wait(this.options.pollSeconds, signal);
      } catch (error) {
        const isLost = !(error instanceof Error) || isFatal(error) || error === this.#noStore;
        // A thread that is gone may be the picture's doing.
        await this.#queue.putBack(signal.aborted || !isLost).catch((failed: unknown) => this.#tell(failed));
        if (signal.aborted) return;
        if (isLost) throw error;
        this.#tell(error);
        await wait(this.options.retrySeconds ?? RETRY_SECONDS, signal);
      } finally {
        this.#inWork = undefined;
      }
    }
  }

  get state(): LoopState {
    return {
      waiting: this.#queue.length,
      totals: this.#queue.totals,
      unreadableJournalLines: this.#queue.unreadableJournalLines,
      images: this.#images,
      boxes: this.#boxes,
      inWork: this.#inWork,
      trouble: this.#trouble,
    };
  }

  /** The same trouble is told once. */
  #tell(error: unknown): void {
    const text = textOf(error);
    if (this.#trouble !== text) this.hooks.onTrouble(text);
    this.#trouble = text;
  }

  /** @throws ExpectedError `output` where the results cannot be kept in their folder */
  async #store(): Promise<ExplanationStore> {
    const { resultsFolder, resultBytes } = this.options;
    this.#openStore ??= await ExplanationStore.open(resultsFolder, resultBytes).catch((error: unknown) => {
      throw (this.#noStore = error);
    });
    return this.#openStore;
  }

  /**
   * Trouble with the log itself is expected and may pass. Where its journal cannot be kept the results can be kept no more: then it is the store
   * that says so, which ends the loop.
   */
  async #scan(): Promise<void> {
    try {
      await this.#queue.scan();
    } catch (error) {
      if (!(error instanceof ExpectedError)) await this.#store();
      throw error;
    }
  }

  /** @returns whether there was a set to explain */
  async #step(signal: AbortSignal): Promise<boolean> {
    await this.#scan();
    const store = await this.#store();
    const file = await this.#queue.take();
    if (file === undefined) return false;
    this.#inWork = { set: file.id, band: undefined, passes: 0, planned: 0 };
    if (this.#queue.attempts(file) > MOST_ATTEMPTS) {
      await this.#giveUp(file, `the process ended ${MOST_ATTEMPTS} times while it was explaining it`);
      return true;
    }
    let set: LoggedSet;
    try {
      set = await readLoggedSet(this.#queue.pathOf(file));
    } catch (error) {
      if (!isFramesFault(error)) throw error;
      await this.#giveUp(file, textOf(error));
      return true;
    }
    const done = await store.explained(file.id);
    const troubles = missingBands(set);
    for (const logged of set.frames) {
      const { spectrum } = logged.frame;
      if (done.has(spectrum) || logged.detections.length === 0) continue;
      try {
        await this.#explain(file, logged, signal);
      } catch (error) {
        if (signal.aborted || !isFramesFault(error)) throw error;
        troubles.push(`${spectrum}: ${textOf(error)}`);
      }
    }
    if (troubles.length > 0) await this.#giveUp(file, troubles.join('; '));
    else await this.#queue.finish(file, 'explained');
    await store.trim(this.#queue.unfinished);
    return true;
  }

  async #giveUp(file: LogFile, why: string): Promise<void> {
    const there = await this.files.exists(this.#queue.pathOf(file));
    await this.#queue.finish(file, there ? 'failed' : 'gone', why);
    if (there) this.hooks.onTrouble(`${this.#queue.pathOf(file)} is not explained: ${why}`);
  }

  /** Writes a result; where that fails (a full disk), the result is kept, and only the writing is tried again. */
  async #keep(explained: ExplainedImage, signal: AbortSignal): Promise<string> {
    for (;;) {
      try {
        const file = await (await this.#store()).write(explained, this.#queue.unfinished);
        this.#trouble = undefined;
        return file;
      } catch (error) {
        if (!isDiskTrouble(error)) throw error;
        this.#tell(error);
        await wait(this.options.retrySeconds ?? RETRY_SECONDS, signal);
        signal.throwIfAborted();
      }
    }
  }

  async #explain(set: LogFile, logged: LoggedFrame, signal: AbortSignal): Promise<void> {
    const { frame } = logged;
    await this.#pace(signal);
    if (!this.#loaded.has(frame.spectrum)) {
      await this.#queue.apart(set, () => this.models.explainer(frame.spectrum));
      this.#loaded.add(frame.spectrum);
    }
    const { settings, seed, style, maxBoxes } = this.hooks.parameters();
    const wish = { boxes: { most: maxBoxes }, settings, seed };
    const { explainer, pixels, request } = await prepareFrame(this.models, { frame, logged }, wish);
    let explanation: Explanation | undefined;
    for await (const partial of explainer.explain(request, signal)) {
      explanation = partial;
      const { passes, plannedPasses: planned } = partial;
      this.#inWork = { set: set.id, band: frame.spectrum, passes, planned };
      if (!partial.complete) await this.#holdBack(signal);
    }
    if (explanation?.complete !== true)
      throw new Error(`the explainer of ${explainer.manifest.name} has ended too early`);
    const overlay = paintFile(overlayOf(pixels, explanation, style));
    const explained: ExplainedImage = { set: set.id, image: frame, explanation, overlay };
    const file = await this.#keep(explained, signal);
    await this.#queue.progressed(set);
    this.#images++;
    this.#boxes += explanation.targets.length;
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

/** A file that was cut may hold one band whole and nothing of another. */
function missingBands({ missing, losses }: LoggedSet): string[] {
  const why = losses === '' ? '' : `: ${losses}`;
  return missing.map((spectrum) => `${spectrum}: its image or its detections are missing from the file${why}`);
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

function isDiskTrouble(error: unknown): boolean {
  if (error instanceof ExpectedError) return error.kind === 'output';
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ExpectedError ? `${error.message}; ${error.remedy}` : (error.stack ?? error.message);
}
