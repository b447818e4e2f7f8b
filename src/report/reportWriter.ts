import path from 'node:path';
import { unfinishedName } from '../files/atomicWrite.js';
import { ExpectedError } from '../errors.js';
import { namingOutput } from '../outputError.js';
import { SPECTRA } from '../spectrum.js';
import { encodeNumbers, encodePictures, inertJson, Names } from './encodeSet.js';
import { LineSpool } from './lineSpool.js';
import { LossList } from './lossList.js';
import { FORMAT_VERSION, type ReportHeader } from './page/format.js';
import { pageShell } from './pageShell.js';
import { writeReportFile } from './reportFile.js';
import type { ReportFrameSet, ReportLoss, ReportOptions, ReportResult, ReportSummary } from './reportInput.js';
import { Totals } from './totals.js';

export const DEFAULT_SIZE_CAP_BYTES = 60_000_000;
export const MIN_SIZE_CAP_BYTES = 1_000_000;
/** A single set whose pictures take more than this share of the cap is kept as numbers only. */
const LARGEST_SET_SHARE = 1 / 4;

/**
 * Writes the HTML report of a replay while it runs: one self-contained file that works from `file://`.
 *
 * Sets go to two temporary files beside the report (numbers; pictures and maps), each bounded by the size cap; `close`
 * puts the report together. Memory does not grow with the drive. Every `ExpectedError` is of kind `output` (the disk)
 * or `usage` (the cap).
 */
export class ReportWriter {
  readonly #names = { classes: new Names(), topics: new Names(), stages: new Names() };
  readonly #totals = new Totals();
  readonly #losses = new LossList();
  readonly #capBytes: number;
  #startNs: bigint | null = null;
  #written: Promise<void> = Promise.resolve();
  #isOpen = true;
  readonly #path: string;
  readonly #options: ReportOptions;
  readonly #numbers: LineSpool;
  readonly #pictures: LineSpool;

  private constructor(path: string, options: ReportOptions, numbers: LineSpool, pictures: LineSpool) {
    this.#path = path;
    this.#options = options;
    this.#numbers = numbers;
    this.#pictures = pictures;
    this.#capBytes = options.sizeCapBytes ?? DEFAULT_SIZE_CAP_BYTES;
  }

  /**
   * @param file where the report will be; its folder must exist. An older report there is replaced by `close`.
   */
  static async create(file: string, options: ReportOptions): Promise<ReportWriter> {
    const cap = options.sizeCapBytes ?? DEFAULT_SIZE_CAP_BYTES;
    if (!(cap >= MIN_SIZE_CAP_BYTES)) {
      throw new ExpectedError(
        'usage',
        `a report cannot be capped at ${cap} bytes`,
        `allow at least ${MIN_SIZE_CAP_BYTES} bytes`,
      );
    }
    const absolute = path.resolve(file);
    return namingOutput(absolute, async () => {
      // Twice the cap, so that what is left after a thinning still fills the report.
      const numbers = await LineSpool.create(unfinishedName(`${absolute}.numbers`), cap * 2);
      try {
        const pictures = await LineSpool.create(unfinishedName(`${absolute}.pictures`), cap * 2);
        return new ReportWriter(absolute, options, numbers, pictures);
      } catch (error) {
        await numbers.dispose();
        throw error;
      }
    });
  }

  /**
   * Adds the next frame set. Wait for the promise before adding another: it resolves once the set is on disk.
   * Buffers are read before this returns.
   * @throws RangeError for two frames of one spectrum, or a map whose size and values do not fit
   */
  async addFrameSet(set: ReportFrameSet): Promise<void> {
    this.#requireOpen();
    const spectra = new Set(set.frames.map(({ spectrum }) => spectrum));
    if (spectra.size !== set.frames.length) throw new RangeError(`frame set ${set.index} has a spectrum twice`);
    this.#startNs ??= set.stampNs;
    const ordinal = this.#totals.sets;
    const isHeld = ordinal % this.#pictures.stride === 0;
    const encoded = isHeld ? encodePictures(set, ordinal) : null;
    const numbers = JSON.stringify(encodeNumbers(set, ordinal, this.#startNs, this.#names));
    this.#totals.add(set, this.#names.classes);
    if (
      set.frames.some((frame) => frame.picture || frame.detections.some(({ map, explanation }) => map ?? explanation))
    ) {
      this.#totals.setsWithPictures++;
    }
    const pictures = encoded === null ? null : inertJson(encoded);
    this.#written = this.#written.then(() =>
      namingOutput(this.#path, async () => {
        await this.#numbers.append(ordinal, numbers);
        if (pictures !== null && pictures.length <= this.#capBytes * LARGEST_SET_SHARE) {
          await this.#pictures.append(ordinal, pictures);
        }
      }),
    );
    await this.#written;
  }

  /** Notes something that could not be read or used; the page lists what, where and how often. */
  addLoss(loss: ReportLoss): void {
    this.#requireOpen();
    this.#losses.add(loss);
  }

  /** Writes the report and removes the temporary files. Also right after an interruption: what was added is reported. */
  async close(summary: ReportSummary): Promise<ReportResult> {
    this.#requireOpen();
    this.#isOpen = false;
    try {
      await this.#written;
      const shell = await pageShell(this.#options.title);
      const written = await namingOutput(this.#path, () =>
        writeReportFile({
          path: this.#path,
          capBytes: this.#capBytes,
          shell,
          numbers: this.#numbers,
          pictures: this.#pictures,
          header: (numbersKept, picturesKept) => this.#header(summary, numbersKept, picturesKept),
        }),
      );
      return { path: this.#path, sets: this.#totals.sets, ...written };
    } finally {
      await this.#dispose();
    }
  }

  /** Gives the report up and removes the temporary files; does nothing once closed. */
  async abort(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#written.catch(() => undefined);
    await this.#dispose();
  }

  async #dispose(): Promise<void> {
    await this.#numbers.dispose();
    await this.#pictures.dispose();
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw new Error('the report is closed');
  }

  #header(summary: ReportSummary, numbersKept: number, picturesKept: number): ReportHeader {
    const { title, source, method, models, explainedBy, provenance = [], createdAt } = this.#options;
    return {
      version: FORMAT_VERSION,
      title,
      source,
      method,
      explainedBy: explainedBy ?? null,
      createdAt: createdAt.toISOString(),
      models,
      provenance,
      spectra: SPECTRA,
      topics: this.#names.topics.list,
      classes: this.#names.classes.list,
      stages: this.#names.stages.list,
      startNs: this.#startNs?.toString() ?? null,
      durationS: this.#totals.durationS,
      completed: summary.completed,
      summary: summary.cards ?? [],
      notes: summary.notes ?? [],
      totals: this.#totals.summary(this.#names.classes, this.#losses.total),
      losses: this.#losses.entries(this.#startNs),
      thinning: {
        capBytes: this.#capBytes,
        sets: this.#totals.sets,
        numbersKept,
        setsWithPictures: this.#totals.setsWithPictures,
        picturesKept,
      },
    };
  }
}
