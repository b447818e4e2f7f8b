import { open } from 'node:fs/promises';
import { atomically } from '../files/atomicWrite.js';
import { deflateRawSync } from 'node:zlib';
import type { LineSpool, SpooledLine } from './lineSpool.js';
import { chooseEvenly } from './evenly.js';
import { inertJson } from './encodeSet.js';
import { HEADER_ELEMENT_ID, NUMBERS_CLASS, PICTURES_CLASS, type ReportHeader } from './page/format.js';
import type { PageShell } from './pageShell.js';

/** Characters of JSON lines in one element: small enough to decode at once, large enough to keep the page's tree small. */
const NUMBERS_BLOCK_CHARS = 2_000_000;
const PICTURES_BLOCK_BYTES = 1_000_000;
/** Share of the cap that numbers may take before they, too, are thinned. */
const NUMBERS_SHARE = 0.8;
/** For the digits of counts that are only known once everything is chosen, and for the elements around pictures. */
const SLACK_BYTES = 256;

export interface ReportParts {
  readonly path: string;
  readonly capBytes: number;
  readonly shell: PageShell;
  readonly numbers: LineSpool;
  readonly pictures: LineSpool;
  readonly header: (numbersKept: number, picturesKept: number) => ReportHeader;
}

/**
 * Puts the file together under a temporary name and moves it into place, so that `path` is never half a report.
 * @returns its size and how many sets kept their numbers and pictures
 */
export async function writeReportFile(parts: ReportParts): Promise<{
  bytes: number;
  numbersKept: number;
  picturesKept: number;
}> {
  return atomically(parts.path, (unfinished) => writeParts(unfinished, parts));
}

async function writeParts(file: string, parts: ReportParts): ReturnType<typeof writeReportFile> {
  const { capBytes, shell, numbers, pictures, header } = parts;
  const out = await TextFile.create(file);
  try {
    await out.write(shell.head);
    const fixedBytes = out.bytes + Buffer.byteLength(shell.tail) + headerBytes(header(0, 0)) + SLACK_BYTES;
    for (;;) {
      const start = out.bytes;
      await writeNumbers(out, numbers);
      if (out.bytes - start <= (capBytes - fixedBytes) * NUMBERS_SHARE || numbers.lines.length <= 1) break;
      await numbers.thin();
      await out.truncate(start);
    }
    const candidates = pictures.lines.filter(({ ordinal }) => ordinal % numbers.stride === 0);
    const budget = capBytes - (fixedBytes - Buffer.byteLength(shell.head)) - out.bytes;
    const chosen = choosePictures(candidates, budget);
    await writePictures(out, pictures, chosen);
    const counts = { numbersKept: numbers.lines.length, picturesKept: chosen.length };
    await out.write(element(`id="${HEADER_ELEMENT_ID}"`, inertJson(header(counts.numbersKept, counts.picturesKept))));
    await out.write(shell.tail);
    return { bytes: out.bytes, ...counts };
  } finally {
    await out.close();
  }
}

function choosePictures(candidates: readonly SpooledLine[], budget: number): SpooledLine[] {
  // Half a per cent covers the elements around the blocks.
  const chosen = new Set(
    chooseEvenly(
      candidates.map(({ bytes }) => bytes),
      Math.max(0, budget * 0.995),
    ),
  );
  return candidates.filter((_, index) => chosen.has(index));
}

async function writeNumbers(out: TextFile, spool: LineSpool): Promise<void> {
  let block: string[] = [];
  let chars = 0;
  const flush = async (): Promise<void> => {
    if (block.length === 0) return;
    const packed = deflateRawSync(block.join('\n')).toString('base64');
    await out.write(element(`class="${NUMBERS_CLASS}"`, packed));
    block = [];
    chars = 0;
  };
  for (const line of spool.lines) {
    const text = await spool.read(line);
    block.push(text);
    chars += text.length;
    if (chars > NUMBERS_BLOCK_CHARS) await flush();
  }
  await flush();
}

async function writePictures(out: TextFile, spool: LineSpool, chosen: readonly SpooledLine[]): Promise<void> {
  let position = 0;
  while (position < chosen.length) {
    const first = position;
    let bytes = 0;
    while (position < chosen.length && bytes < PICTURES_BLOCK_BYTES) bytes += chosen[position++]?.bytes ?? 0;
    const ordinals = chosen.slice(first, position).map(({ ordinal }) => ordinal);
    await out.write(`<script type="application/json" class="${PICTURES_CLASS}" data-sets="${ordinals.join(' ')}">`);
    for (const line of chosen.slice(first, position))
      await out.write(`${line === chosen[first] ? '' : '\n'}${await spool.read(line)}`);
    await out.write('</script>\n');
  }
}

function headerBytes(header: ReportHeader): number {
  return Buffer.byteLength(element(`id="${HEADER_ELEMENT_ID}"`, inertJson(header)));
}

function element(attribute: string, text: string): string {
  return `<script type="application/json" ${attribute}>${text}</script>\n`;
}

/** A text file that is written front to back and knows its size. */
class TextFile {
  #bytes = 0;
  #isOpen = true;
  readonly #file: Awaited<ReturnType<typeof open>>;

  private constructor(file: Awaited<ReturnType<typeof open>>) {
    this.#file = file;
  }

  static async create(path: string): Promise<TextFile> {
    return new TextFile(await open(path, 'w'));
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(text: string): Promise<void> {
    const data = Buffer.from(text, 'utf8');
    let written = 0;
    while (written < data.length) {
      written += (await this.#file.write(data, written, data.length - written, this.#bytes + written)).bytesWritten;
    }
    this.#bytes += data.length;
  }

  async truncate(bytes: number): Promise<void> {
    await this.#file.truncate(bytes);
    this.#bytes = bytes;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}
