import { Journal, type JournalKind } from './journal.js';
import { type SideBySide, workSideBySide } from './sideBySide.js';

/** How a run over planned pictures goes. */
export interface RunOptions {
  /** Folder of the journal; the caller holds its lock. */
  readonly folder: string;
  /** Pictures measured side by side. Default: one for each core. */
  readonly workers?: number;
  /** Called at the start and after every picture with the work that is done, that of earlier runs included, and all of it. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the run after the pictures that are being measured; the journal has all of them. */
  readonly signal?: AbortSignal;
}

/** How the results of a complete run are worked out, which may take minutes. */
export type JudgingOptions = Pick<RunOptions, 'onProgress' | 'signal'>;

/** Tasks whose results are kept in a journal, one entry each. */
export interface ResumableJob<Task, Request, Answer, Entry extends object> extends Omit<
  SideBySide<Task, Request, Answer, Entry>,
  'onResult' | 'workerData'
> {
  readonly journal: { readonly file: string; readonly identity: string; readonly kind: JournalKind<Entry> };
  /** Asked for only where something is left to do. */
  readonly workerData: () => Promise<unknown>;
  /** Names a task, and an entry as its task. */
  readonly taskKey: (task: Task) => string;
  readonly entryKey: (entry: Entry) => string;
  /** Called at the start and after every entry with the tasks that are done, those of earlier runs included. */
  readonly onProgress?: ((done: readonly Task[]) => void) | undefined;
}

export interface ResumableOutcome<Entry> {
  /** In the order of the tasks; all of them unless the run was ended. */
  readonly records: readonly Entry[];
  readonly complete: boolean;
}

/**
 * Does what the journal does not have yet. Where an entry depends on its task alone, the outcome depends neither on the number of
 * workers nor on the order of working nor on how often the run was killed.
 * @throws ExpectedError as Journal.open, and what the work throws
 */
export async function runResumable<Task, Request, Answer, Entry extends object>(
  job: ResumableJob<Task, Request, Answer, Entry>,
): Promise<ResumableOutcome<Entry>> {
  const { tasks, taskKey, entryKey, onProgress } = job;
  const journal = await Journal.open(job.journal.file, job.journal.identity, job.journal.kind);
  try {
    const done = new Map(journal.records.map((entry) => [entryKey(entry), entry]));
    const isDone = (task: Task): boolean => done.has(taskKey(task));
    const missing = tasks.filter((task) => !isDone(task));
    onProgress?.(tasks.filter(isDone));
    if (missing.length > 0)
      await workSideBySide({
        ...job,
        workerData: await job.workerData(),
        tasks: missing,
        onResult: async (entry) => {
          await journal.append(entry);
          done.set(entryKey(entry), entry);
          onProgress?.(tasks.filter(isDone));
        },
      });
    const records = tasks.flatMap((task) => done.get(taskKey(task)) ?? []);
    return { records, complete: records.length === tasks.length };
  } finally {
    await journal.close();
  }
}
