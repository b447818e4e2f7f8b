import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { MaskedDetector } from '../src/detector/maskedDetector.js';
import type { SearchSpace } from '../src/detector/maskedGraph.js';
import { EXIT_CODES, ExpectedError, troubleText } from '../src/errors.js';
import { packageRoot } from '../src/packageRoot.js';
import { SPECTRA, type Spectrum } from '../src/spectrum.js';
import { judge, type Fidelity } from './fidelity/judge.js';
import { choosePictures, type PlannedPicture } from './fidelity/plan.js';
import { record, recordPath } from './fidelity/record.js';
import { streams as allStreams } from './fidelity/streams.js';
import { fidelityTable } from './fidelity/table.js';

/**
 * How near maps of few masks are to the map of very many others: records the scores of masked passes on held-out boxes, then
 * judges every estimator on the records. Kill it whenever you like: started again with the same options, it goes on.
 */
interface Flags {
  readonly output: string;
  readonly data: string;
  readonly models: string;
  readonly spectra: readonly Spectrum[];
  readonly pictures: number;
  readonly reference: number;
  readonly passes: number;
  readonly streams?: readonly string[];
  readonly search: SearchSpace;
  readonly threads: number;
  readonly judgeOnly?: boolean;
}

const program = new Command('npm run bench:fidelity --')
  .description(
    'Fidelity of explanations at few masks, against a reference of many other masks. Resumable; takes hours.',
  )
  .requiredOption('--output <folder>', 'records, fidelity.json and fidelity.md go here')
  .requiredOption('--data <folder>', 'held-out pictures: <folder>/<spectrum>/annotations.json')
  .option('--models <folder>', 'manifests efficientdet-d0-<spectrum>.json', path.join(packageRoot, 'models'))
  .option('--spectra <names...>', 'spectra', [...SPECTRA])
  .option('--pictures <n>', 'pictures of each spectrum; up to four boxes of each', wholeNumber, 3)
  .option('--reference <n>', 'masks of the reference', wholeNumber, 10_000)
  .option('--passes <n>', 'masks of every other stream', wholeNumber, 2500)
  .option('--streams <names...>', 'only these streams, besides the reference')
  .option('--search <space>', 'where targets are found again: anchors or nms', 'anchors')
  .option('--threads <n>', 'threads; 0 takes one for each core', (text) => (text === '0' ? 0 : wholeNumber(text)), 0)
  .option('--judge-only', 'record nothing, judge what is there')
  .showHelpAfterError();

try {
  await main(program.parse().opts<Flags>());
} catch (error) {
  if (!(error instanceof ExpectedError)) throw error;
  process.stderr.write(`fidelity: ${troubleText(error)}\n`);
  process.exitCode = EXIT_CODES[error.kind];
}

async function main(flags: Flags): Promise<void> {
  const { output, search } = flags;
  await mkdir(output, { recursive: true });
  const pictures = await plan(flags);
  const [reference, ...others] = allStreams(flags.reference, flags.passes);
  const unknown = flags.streams?.find((name) => !others.some((stream) => stream.name === name));
  if (unknown !== undefined)
    throw new ExpectedError(
      'usage',
      `there is no stream “${unknown}”`,
      `use some of ${others.map(({ name }) => `“${name}”`).join(', ')}`,
    );
  const streams = [reference, ...others.filter(({ name }) => flags.streams?.includes(name) ?? true)];
  const rows: Fidelity[] = [];
  for (const spectrum of flags.spectra) {
    const manifest = manifestOf(flags, spectrum);
    const own = pictures.filter((picture) => picture.spectrum === spectrum);
    if (!flags.judgeOnly) {
      const detector = await MaskedDetector.load(manifest, { threads: flags.threads });
      for (const picture of own)
        for (const stream of streams)
          await record(detector, picture, stream, search, recordPath(output, picture, stream, search), (done) => {
            process.stderr.write(`\r${picture.id} ${stream.name} ${done}/${stream.passes}   `);
          });
      await detector.close();
    }
    for (const picture of own) rows.push(...(await judge(output, manifest, picture, streams, search)));
    await writeAtomically(path.join(output, 'fidelity.json'), JSON.stringify(rows, null, 1));
    await writeAtomically(path.join(output, 'fidelity.md'), fidelityTable(rows));
  }
  process.stdout.write(fidelityTable(rows));
}

/** The pictures of an earlier run, or newly chosen ones. */
async function plan(flags: Flags): Promise<PlannedPicture[]> {
  const file = path.join(flags.output, 'plan.json');
  const known = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as PlannedPicture[]) : [];
  const pictures = [...known];
  for (const spectrum of flags.spectra) {
    if (known.some((picture) => picture.spectrum === spectrum)) continue;
    const annotations = path.join(flags.data, spectrum, 'annotations.json');
    pictures.push(...(await choosePictures(spectrum, manifestOf(flags, spectrum), annotations, flags.pictures)));
    await writeAtomically(file, JSON.stringify(pictures, null, 1));
  }
  return pictures;
}

function manifestOf({ models }: Flags, spectrum: Spectrum): string {
  return path.join(models, `efficientdet-d0-${spectrum}.json`);
}

async function writeAtomically(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 is needed');
  return value;
}
