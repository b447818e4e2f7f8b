import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { namingOutput } from '../../src/outputError.js';
import { takeLock } from '../study/lock.js';
import type { JudgingOptions, ResumableOutcome, RunOptions } from '../study/resumable.js';
import { INTERRUPTED_EXIT_CODE, onInterrupt } from '../../src/cli/interrupt.js';
import { startProgress, type Progress } from '../../src/cli/progress.js';

/** A command that measures pictures into a folder, and goes on there when it is given again. */
export interface ResumableCommand<Entry> {
  readonly output: string;
  readonly workers: number | undefined;
  readonly pictures: number;
  /** What its progress counts. */
  readonly unit: string;
  readonly run: (options: RunOptions) => Promise<ResumableOutcome<Entry>>;
  /** Writes and prints the results, once all pictures are measured; may tell how far it is, and may end with the signal's reason. */
  readonly finish: (folder: string, records: readonly Entry[], options: JudgingOptions) => Promise<void>;
}

/**
 * Holds the folder's lock, shows progress, and ends with 130 after Ctrl-C, saying how far it had come.
 * @throws ExpectedError `usage` where another run holds the lock, `output` for a folder that cannot be made, and what the run throws
 */
export async function runResumableCommand<Entry>(command: ResumableCommand<Entry>): Promise<void> {
  const { workers, pictures, unit, run, finish } = command;
  const folder = path.resolve(command.output);
  await namingOutput(folder, () => mkdir(folder, { recursive: true }));
  const unlock = takeLock(path.join(folder, 'study.lock'));
  const { signal, release } = onInterrupt();
  try {
    let progress: Progress | undefined;
    let before = 0;
    const { complete, records } = await run({
      folder,
      signal,
      ...(workers !== undefined && { workers }),
      onProgress: (done, total) => {
        // What earlier runs measured took no time in this one.
        if (progress === undefined) before = done;
        progress ??= startProgress('measuring', total - before, unit);
        progress.update(done - before);
      },
    }).finally(() => progress?.stop());
    let judging: Progress | undefined;
    const judge = (): Promise<void> =>
      finish(folder, records, {
        signal,
        onProgress: (done, total) => {
          judging ??= startProgress('judging', total, 'steps');
          judging.update(done);
          if (done === total) judging.stop();
        },
      }).finally(() => judging?.stop());
    const judged = complete && (await unlessAborted(judge(), signal));
    if (!judged) {
      process.stderr.write(`${records.length} of ${pictures} pictures are measured; the same command goes on\n`);
      process.exitCode = INTERRUPTED_EXIT_CODE;
    }
  } finally {
    release();
    unlock();
  }
}

/** @returns false where the work ended because it was aborted */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return false;
    throw error;
  }
}
