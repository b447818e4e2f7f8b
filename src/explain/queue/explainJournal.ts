import { z } from 'zod';
import type { DurableFiles } from '../../files/durableFiles.js';

/** What became of a logged frame set, once and for all. */
export const OUTCOMES = ['explained', 'failed', 'skipped', 'gone'] as const;
/**
 * `explained`: its results are on the disk. `failed`: it cannot be explained, and why. `skipped`: left out because the queue was full.
 * `gone`: the frame log deleted it before its turn came.
 */
export type Outcome = (typeof OUTCOMES)[number];
export type Totals = Readonly<Record<Outcome, number>>;

const count = z.int().min(0);
const lineSchema = z.union([
  z.strictObject({ set: z.string(), what: z.enum(['seen', ...OUTCOMES]), why: z.string().optional() }),
  z.strictObject({ set: z.string(), what: z.literal('begun'), attempts: count.optional() }),
  z.strictObject({ totals: z.strictObject({ explained: count, failed: count, skipped: count, gone: count }) }),
]);
type Line = z.output<typeof lineSchema>;

/** Lines that may pile up, beside those that are needed, before the journal is written anew. */
const SPARE_LINES = 1000;
/** A larger file is no journal of ours. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Which frame sets were seen and what became of each: a text file, a JSON line for each event, appended and synced before the event counts.
 * A line that a crash has torn did not happen. Sets that are no longer in the frame log are forgotten, their counts are kept.
 *
 * `begun` says how often the set was taken up without anything coming of it: the process is killed by what it does to some pictures.
 */
export class ExplainJournal {
  /** Names of the sets that were seen; `undefined`: nothing has become of it yet. */
  readonly #states: Map<string, Outcome | undefined>;
  readonly #totals: Record<Outcome, number>;
  /** Attempts without a result at those of the open ones that were in work already. */
  readonly #begun: Map<string, number>;
  #lines = 0;
  /** The last line may be torn: the next one starts on a line of its own. */
  #torn = false;
  readonly files: DurableFiles;
  readonly file: string;
  /** Whether there was no such file. */
  readonly isNew: boolean;
  /** Lines that could not be read: torn by a crash, or damaged. */
  readonly unreadableLines: number;

  private constructor(
    files: DurableFiles,
    file: string,
    states: Map<string, Outcome | undefined>,
    begun: Map<string, number>,
    totals: Record<Outcome, number>,
    isNew: boolean,
    unreadableLines: number,
  ) {
    this.files = files;
    this.file = file;
    this.isNew = isNew;
    this.unreadableLines = unreadableLines;
    this.#states = states;
    this.#begun = begun;
    this.#totals = totals;
  }

  /** @throws Error where the file is there and cannot be read */
  static async open(files: DurableFiles, file: string): Promise<ExplainJournal> {
    const content = await files.read(file);
    if (content && content.byteLength > MAX_BYTES) throw new Error(`${file} is too large for an explain journal`);
    const states = new Map<string, Outcome | undefined>();
    const begun = new Map<string, number>();
    const totals: Record<Outcome, number> = { explained: 0, failed: 0, skipped: 0, gone: 0 };
    let unreadable = 0;
    for (const text of (content?.toString('utf8') ?? '').split('\n')) {
      if (text === '') continue;
      const line = parseLine(text);
      if (line === undefined) unreadable++;
      else if ('totals' in line) Object.assign(totals, line.totals);
      else if (states.get(line.set) !== undefined) continue;
      else if (line.what === 'seen') states.set(line.set, undefined);
      else if (line.what === 'begun') {
        states.set(line.set, undefined);
        begun.set(line.set, line.attempts ?? (begun.get(line.set) ?? 0) + 1);
      } else {
        states.set(line.set, line.what);
        begun.delete(line.set);
        totals[line.what]++;
      }
    }
    return new ExplainJournal(files, file, states, begun, totals, content === undefined, unreadable);
  }

  /** The same entries in another file, which is written at the next `compact`. */
  as(file: string): ExplainJournal {
    return new ExplainJournal(this.files, file, this.#states, this.#begun, this.#totals, true, this.unreadableLines);
  }

  get totals(): Totals {
    return { ...this.#totals };
  }

  /** Sets that were seen and of which nothing has become yet. */
  open(): string[] {
    return [...this.#states].filter(([, outcome]) => outcome === undefined).map(([set]) => set);
  }

  hasSeen(set: string): boolean {
    return this.#states.has(set);
  }

  async seen(sets: readonly string[]): Promise<void> {
    const unseen = sets.filter((set) => !this.#states.has(set));
    if (unseen.length === 0) return;
    await this.#append(unseen.map((set) => ({ set, what: 'seen' as const })));
    for (const set of unseen) this.#states.set(set, undefined);
  }

  /** The set is in work now; it is taken up again first where the process ends before there is an outcome. */
  async begun(set: string): Promise<void> {
    await this.#count(set, this.attempts(set) + 1);
  }

  /** Something came of the work on the set, if not all: attempts are counted anew. */
  async progressed(set: string): Promise<void> {
    await this.#count(set, 0);
  }

  /** The work on the set was given up for reasons that have nothing to do with it: it was no attempt. */
  async returned(set: string): Promise<void> {
    await this.#count(set, Math.max(0, this.attempts(set) - 1));
  }

  /** How often the set was taken up, the present time included, since anything came of it. */
  attempts(set: string): number {
    return this.#begun.get(set) ?? 0;
  }

  isBegun(set: string): boolean {
    return this.#begun.has(set);
  }

  /** Does nothing where the set has its outcome already: the first one holds. */
  async finished(sets: readonly string[], outcome: Outcome, why?: string): Promise<void> {
    const open = sets.filter((set) => this.#states.get(set) === undefined);
    if (open.length === 0) return;
    await this.#append(open.map((set) => ({ set, what: outcome, ...(why !== undefined && { why }) })));
    for (const set of open) {
      this.#states.set(set, outcome);
      this.#totals[outcome]++;
      this.#begun.delete(set);
    }
  }

  /** Writes the journal anew, without the finished sets that are not in `present`, where that is worth it or `always`. */
  async compact(present: ReadonlySet<string>, always = false): Promise<void> {
    if (!always && this.#lines <= SPARE_LINES + 2 * present.size) return;
    const kept = [...this.#states].filter(([set, outcome]) => outcome === undefined || present.has(set));
    // Totals count the outcomes of the kept sets too, whose lines would count again.
    const totals = { ...this.#totals };
    for (const [, outcome] of kept) if (outcome !== undefined) totals[outcome]--;
    const lines: Line[] = [
      { totals },
      ...kept.map(([set, outcome]) => (outcome === undefined ? this.#openLine(set) : { set, what: outcome })),
    ];
    await this.files.replace(this.file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    this.#states.clear();
    for (const [set, outcome] of kept) this.#states.set(set, outcome);
    this.#lines = 0;
    this.#torn = false;
  }

  #openLine(set: string): Line {
    const attempts = this.#begun.get(set);
    return attempts === undefined ? { set, what: 'seen' } : { set, what: 'begun', attempts };
  }

  async #count(set: string, attempts: number): Promise<void> {
    if (this.#states.get(set) !== undefined || this.#begun.get(set) === attempts) return;
    await this.#append([{ set, what: 'begun', attempts }]);
    this.#states.set(set, undefined);
    this.#begun.set(set, attempts);
  }

  async #append(lines: readonly Line[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const start = this.#torn ? '\n' : '';
    this.#torn = true;
    await this.files.append(this.file, start + text);
    this.#torn = false;
    this.#lines += lines.length;
  }
}

function parseLine(text: string): Line | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
