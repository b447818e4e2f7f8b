import { type FileHandle, open, readFile, stat, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, ExpectedError } from '../../src/errors.js';
import { namingOutput } from '../../src/outputError.js';

const MAX_BYTES = 1 << 30;
const header = z.object({ journal: z.string(), version: z.literal(1), identity: z.string() });

/** What kind of run a journal belongs to. */
export interface JournalKind<Entry> {
  /** Stands in the first line. */
  readonly name: string;
  /** What every further line holds. */
  readonly record: z.ZodType<Entry>;
}

/**
 * What a run has measured so far, one line a picture, on disk before the next is asked for: a killed run goes on where it was.
 * A line that was cut off by the kill is dropped.
 */
export class Journal<Entry extends object> {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly records: Entry[];

  private constructor(file: string, handle: FileHandle, records: Entry[]) {
    this.file = file;
    this.#handle = handle;
    this.records = records;
  }

  /**
   * Opens a journal, or starts it.
   * @param identity of everything that the records depend on
   * @throws ExpectedError `usage` where the file is the journal of another run, `input` where it is damaged, `output`
   */
  static async open<Entry extends object>(
    file: string,
    identity: string,
    kind: JournalKind<Entry>,
  ): Promise<Journal<Entry>> {
    const records = await readRecords(file, identity, kind);
    const handle = await namingOutput(file, () => open(file, 'a'));
    const journal = new Journal<Entry>(file, handle, records ?? []);
    if (records === undefined) await journal.#write({ journal: kind.name, version: 1, identity });
    return journal;
  }

  /** On disk when it resolves. One at a time. */
  async append(record: Entry): Promise<void> {
    await this.#write(record);
    this.records.push(record);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #write(line: object): Promise<void> {
    await namingOutput(this.file, async () => {
      await this.#handle.appendFile(`${JSON.stringify(line)}\n`);
      await this.#handle.datasync();
    });
  }
}

/** Undefined where there is no journal yet, or only a cut-off header. */
async function readRecords<Entry>(
  file: string,
  identity: string,
  kind: JournalKind<Entry>,
): Promise<Entry[] | undefined> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw damaged(file, `it has ${size} bytes, more than ${MAX_BYTES}`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const whole = text.lastIndexOf('\n') + 1;
  if (whole < text.length) await namingOutput(file, () => truncate(file, Buffer.byteLength(text.slice(0, whole))));
  if (whole === 0) return undefined;
  const [first, ...lines] = text.slice(0, whole - 1).split('\n');
  const head = header.safeParse(parsed(first));
  if (!head.success || head.data.journal !== kind.name)
    throw damaged(file, `its first line is no header of “${kind.name}”`);
  if (head.data.identity !== identity)
    throw new ExpectedError(
      'usage',
      `${file} belongs to a run with other settings, pictures or networks`,
      'repeat that run’s options to go on with it, or name another folder with --output',
    );
  return lines.map((line, i) => {
    const record = kind.record.safeParse(parsed(line));
    if (!record.success) throw damaged(file, `line ${i + 2} is no record: ${record.error.issues[0]?.path.join('.')}`);
    return record.data;
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function damaged(file: string, why: string): ExpectedError {
  return new ExpectedError(
    'input',
    `the journal ${file} is damaged: ${why}`,
    'remove it to measure again from the start',
  );
}
