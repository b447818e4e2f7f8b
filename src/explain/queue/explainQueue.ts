import path from 'node:path';
import { ExpectedError } from '../../errors.js';
import type { DurableFiles } from '../../files/durableFiles.js';
import { MARKER, parseMarker } from '../../files/ownFolder.js';
import { type LogFile, logFilesIn } from '../../frameLog/fileNames.js';
import { ExplainJournal, type Outcome, type Totals } from './explainJournal.js';

export const QUEUE_ORDERS = ['newest-first', 'oldest-first'] as const;
export type QueueOrder = (typeof QUEUE_ORDERS)[number];

export interface QueueOptions {
  /** Frame log, whose oldest files may vanish at any time. */
  readonly folder: string;
  /** Where the journals are kept, one for each frame log that was ever seen in `folder`. */
  readonly journals: string;
  readonly order: QueueOrder;
  /** Sets that may wait; of more, those that would come last are skipped. */
  readonly maxWaiting: number;
}

const NO_TOTALS: Totals = { explained: 0, failed: 0, skipped: 0, gone: 0 };

/** What a look at the folder says. */
interface Listing {
  readonly files: readonly LogFile[];
  /** UUID of the frame log that was listed; `undefined` where nothing proves which one it is. */
  readonly logId: string | undefined;
}

/**
 * The frame sets of a frame log that are still to be explained. What has become of a set is in the journal before it counts, so a process
 * that is killed at any moment and started again gives every set exactly one outcome; only what was in work is taken up again, from the
 * results that it has already (see ExplanationStore).
 *
 * A set is gone only where the listing that misses it proves, by its marker, that it is of the log to which the set belonged: an empty
 * folder is what a disk looks like that is not mounted yet. Another log in the same place has a journal of its own.
 */
export class ExplainQueue {
  /** In the order in which they come. */
  #waiting: LogFile[] = [];
  #inWork: LogFile | undefined;
  #journal: ExplainJournal | undefined;
  /** Of the log whose journal that is. */
  #logId: string | undefined;
  readonly files: DurableFiles;
  readonly options: QueueOptions;

  constructor(files: DurableFiles, options: QueueOptions) {
    this.files = files;
    this.options = options;
  }

  /** Sets that wait; the one in work is not among them. */
  get length(): number {
    return this.#waiting.length;
  }

  get totals(): Totals {
    return this.#journal?.totals ?? NO_TOTALS;
  }

  get unreadableJournalLines(): number {
    return this.#journal?.unreadableLines ?? 0;
  }

  /** Ids of the sets of which nothing has become yet: their results must not be thrown away. */
  get unfinished(): ReadonlySet<string> {
    return new Set(this.#journal?.open());
  }

  /**
   * Looks at the frame log: takes in what is new, and gives up what was deleted or is too much.
   * @throws ExpectedError `input` where there is no frame log in the folder
   */
  async scan(): Promise<void> {
    const { files, logId } = await this.#look();
    const journal = await this.#journalOf(logId, files);
    const present = new Map(files.map((file) => [file.id, file]));
    await journal.seen([...present.keys()]);
    const inWork = this.#inWork?.id;
    if (logId !== undefined) await this.#giveUpGone(journal, present);
    const waiting = journal.open().flatMap((id) => (id === inWork ? [] : (present.get(id) ?? [])));
    const position = new Map(files.map(({ id }, index) => [id, index]));
    const sign = this.options.order === 'oldest-first' ? 1 : -1;
    waiting.sort((a, b) => sign * ((position.get(a.id) ?? 0) - (position.get(b.id) ?? 0)));
    // What was in work when the process ended has results already, perhaps all of them: it is not skipped.
    const begun = waiting.filter(({ id }) => journal.isBegun(id));
    const fresh = waiting.filter(({ id }) => !journal.isBegun(id));
    const skipped = fresh.splice(Math.max(0, this.options.maxWaiting - begun.length));
    await journal.finished(
      skipped.map(({ id }) => id),
      'skipped',
    );
    this.#waiting = [...begun, ...fresh];
    if (logId !== undefined) await journal.compact(new Set(present.keys()));
  }

  /** The next set, which is in work until `finish` or `putBack`; `undefined` where none waits. One at a time. */
  async take(): Promise<LogFile | undefined> {
    if (this.#inWork !== undefined) throw new Error(`the set ${this.#inWork.id} is still in work`);
    const [next] = this.#waiting;
    if (next === undefined) return undefined;
    await this.#journal?.begun(next.id);
    this.#inWork = this.#waiting.shift();
    return this.#inWork;
  }

  /** How often a set was taken since anything came of it, the present time included; counted across processes. */
  attempts({ id }: LogFile): number {
    return this.#journal?.attempts(id) ?? 0;
  }

  /**
   * Does what is not the set's doing (the loading of a model) in the middle of the work on it: a process that is ended meanwhile has made
   * no attempt.
   */
  async apart({ id }: LogFile, work: () => Promise<unknown>): Promise<void> {
    await this.#journal?.returned(id);
    await work();
    await this.#journal?.begun(id);
  }

  /** A part of the set in work is done. */
  async progressed({ id }: LogFile): Promise<void> {
    await this.#journal?.progressed(id);
  }

  /** @param why for people, where it was not explained */
  async finish({ id }: LogFile, outcome: Outcome, why?: string): Promise<void> {
    await this.#journal?.finished([id], outcome, why);
    if (this.#inWork?.id === id) this.#inWork = undefined;
  }

  /**
   * Nothing has become of the set in work; it comes again first from the next `scan` on.
   * @param blameless whether that had nothing to do with the set: then it does not count as an attempt
   */
  async putBack(blameless: boolean): Promise<void> {
    const set = this.#inWork;
    this.#inWork = undefined;
    if (set !== undefined && blameless) await this.#journal?.returned(set.id);
  }

  pathOf({ name }: LogFile): string {
    return path.join(this.options.folder, name);
  }

  async #look(): Promise<Listing> {
    const { folder } = this.options;
    const names = await this.files.list(folder);
    if (names === undefined)
      throw new ExpectedError(
        'input',
        `the frame log ${folder} does not exist`,
        'check frame_log.folder, and that its disk is mounted; the perception node makes the folder',
      );
    const files = logFilesIn(names);
    // The listing itself has to hold the marker: one that came short, or from below a mount point, proves nothing.
    const file = path.join(folder, MARKER);
    const marker = names.includes(MARKER) ? await this.files.read(file) : undefined;
    if (marker !== undefined) return { files, logId: parseMarker(marker.toString('utf8'), file).id };
    // Copied together from elsewhere, or written by an older version.
    if (files.length > 0) return { files, logId: undefined };
    throw new ExpectedError(
      'input',
      `${folder} holds no frame log (there is no ${MARKER} in it)`,
      'check frame_log.folder, and that its disk is mounted; the perception node makes the file',
    );
  }

  async #journalOf(logId: string | undefined, listed: readonly LogFile[]): Promise<ExplainJournal> {
    if (this.#journal !== undefined && this.#logId === logId) return this.#journal;
    const { journals } = this.options;
    const unnamed = path.join(journals, 'journal.jsonl');
    let journal: ExplainJournal;
    if (logId === undefined) {
      journal = await ExplainJournal.open(this.files, unnamed);
      // Nothing is known, so nothing is forgotten: the file and its folder are made.
      if (journal.isNew) await journal.compact(new Set(), true);
    } else {
      const file = path.join(journals, `journal.${logId}.jsonl`);
      journal = await ExplainJournal.open(this.files, file);
      if (journal.isNew) {
        // The log got its marker only now: it is known by what is in it.
        const before = await ExplainJournal.open(this.files, unnamed);
        if (listed.some(({ id }) => before.hasSeen(id))) journal = before.as(file);
      }
      await journal.compact(new Set(listed.map(({ id }) => id)), true);
    }
    this.#journal = journal;
    this.#logId = logId;
    return journal;
  }

  async #giveUpGone(journal: ExplainJournal, present: ReadonlyMap<string, LogFile>): Promise<void> {
    const gone = journal.open().filter((id) => !present.has(id) && id !== this.#inWork?.id);
    await journal.finished(gone, 'gone');
  }
}
