import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { number, wholeNumber } from '../../src/cli/optionValues.js';
import { writeAtomically } from '../../src/files/atomicWrite.js';
import { timeLeft } from '../../src/cli/progress.js';
import { parseManifest, type ModelManifest } from '../../src/detector/manifest.js';
import { ExpectedError } from '../../src/errors.js';
import { packageRoot } from '../../src/packageRoot.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { takeLock } from '../study/lock.js';
import { benchCommand, runBench } from './benchCommand.js';
import { curveMaps, PictureJudge, type Fidelity } from './fidelity/judge.js';
import { choosePictures, plannedPictures, type PlannedPicture } from './fidelity/plan.js';
import type { FidelityTask } from './fidelity/protocol.js';
import { Records } from './fidelity/records.js';
import { calibrate, runTasks, startWorkers, type FidelityWorker } from './fidelity/run.js';
import { LIVE, streams as allStreams, type RecordedStream } from './fidelity/streams.js';
import { fidelityTables, type FidelityReport } from './fidelity/table.js';
import { fullPasses, openTasks } from './fidelity/tasks.js';

/**
 * How near explanations of few passes are to those of very many others: records the scores of masked passes on held-out boxes, then
 * judges every estimator on the records. Kill it whenever you like: started again with the same options, it goes on.
 */
interface Flags {
  readonly output: string;
  readonly data: string;
  readonly models: string;
  readonly spectra: readonly Spectrum[];
  readonly pictures: number;
  readonly boxes: number;
  readonly minScore: number;
  readonly anyBox?: boolean;
  readonly reference: number;
  readonly passes: number;
  readonly steps: number;
  readonly workers: number;
  readonly minutes?: number;
  readonly plan?: boolean;
  readonly judgeOnly?: boolean;
  readonly json?: boolean;
}

const program = benchCommand(
  'bench:fidelity',
  'Fidelity of explanations of few passes, against references of many other masks. Resumable; takes hours: --plan says how many.',
  'print fidelity.json instead of the tables',
)
  .requiredOption('--output <folder>', 'records.jsonl, fidelity.json and fidelity.md go here')
  .requiredOption('--data <folder>', 'held-out pictures: <folder>/<spectrum>/annotations.json')
  .option('--models <folder>', 'manifests efficientdet-d0-<spectrum>.json', path.join(packageRoot, 'models'))
  .option('--spectra <names...>', 'spectra', [...SPECTRA])
  .option('--pictures <n>', 'pictures of each spectrum', wholeNumber(1, 1e9), 2)
  .option('--boxes <n>', 'most boxes of a picture; they share all passes', wholeNumber(1, 1e9), 6)
  .option('--min-score <score>', 'lowest score of an explained box', number(0, 1), 0.3)
  .option('--any-box', 'explain detections that are no labelled object, too')
  .option('--reference <n>', 'masks of each reference', wholeNumber(1, 1e9), 10_000)
  .option('--passes <n>', 'masks of the main streams; others get at most 1000', wholeNumber(1, 1e9), 2500)
  .option('--steps <n>', 'steps of deletion and insertion curves', wholeNumber(1, 1e9), 20)
  .option('--workers <n>', 'threads, each with a session of its own', wholeNumber(1, 1e9), availableParallelism())
  .option('--minutes <n>', 'begin nothing after this time; the tables say what was measured by then', number(0, 1e6))
  .option('--plan', 'only say what would be measured and how long it would take')
  .option('--judge-only', 'record nothing, judge what is there');

await runBench(program, main);

async function main(flags: Flags): Promise<void> {
  const startedMs = performance.now();
  const { output, reference, passes } = flags;
  await mkdir(output, { recursive: true });
  const release = takeLock(path.join(output, 'lock'));
  const workers: FidelityWorker[] = [];
  try {
    const manifests = new Map<Spectrum, ModelManifest>();
    for (const spectrum of flags.spectra) manifests.set(spectrum, await readManifest(manifestOf(flags, spectrum)));
    const pictures = await plannedOf(flags, manifests);
    const streams = allStreams(reference, passes);
    const records = await Records.open(output, pictures);
    if (!flags.judgeOnly) {
      workers.push(...startWorkers(flags.workers));
      const deadlineMs = flags.minutes === undefined ? Infinity : startedMs + flags.minutes * 60_000;
      await measure({ flags, pictures, streams, records, workers, manifests, deadlineMs });
    }
    if (flags.plan) return;
    const report = await judge({ flags, pictures, streams, records, manifests });
    await records.close();
    const tables = fidelityTables(report);
    await writeAtomically(path.join(output, 'fidelity.json'), `${JSON.stringify(report, null, 1)}\n`);
    await writeAtomically(path.join(output, 'fidelity.md'), tables);
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : tables);
  } finally {
    await Promise.allSettled(workers.map((worker) => worker.close()));
    release();
  }
}

interface Parts {
  readonly flags: Flags;
  readonly pictures: readonly PlannedPicture[];
  readonly streams: readonly RecordedStream[];
  readonly records: Records;
  readonly manifests: ReadonlyMap<Spectrum, ModelManifest>;
}

/** Says what there is to do and how long it takes, then does it. */
async function measure(
  parts: Parts & { readonly workers: readonly FidelityWorker[]; readonly deadlineMs: number },
): Promise<void> {
  const { flags, pictures, streams, records, workers, deadlineMs } = parts;
  const open = (): FidelityTask[] =>
    openTasks(pictures, streams, records, ({ spectrum }) => manifestOf(flags, spectrum));
  const tasks = open();
  const [picture] = pictures;
  const stream = (name: string): RecordedStream => streams.find((one) => one.name === name) ?? streams[0];
  const sample = (name: string): FidelityTask => ({
    ...{ kind: 'masks', manifest: manifestOf(flags, picture.spectrum), picture, stream: stream(name) },
    ...{ from: 0, count: 10 },
  });
  const { wholeMs, liveMs } = await calibrate(workers, [sample(streams[0].name), sample(LIVE)]);
  const liveCost = liveMs / wholeMs;
  const curveCount = openCurves(parts).length;
  const curvePasses = curveCount * (2 * (flags.steps + 1) + 4);
  const total = tasks.reduce((sum, task) => sum + fullPasses(task, liveCost), curvePasses);
  const boxes = pictures.reduce((sum, { boxes: own }) => sum + own.length, 0);
  process.stderr.write(
    [
      `${pictures.length} pictures of ${new Set(pictures.map(({ spectrum }) => spectrum)).size} spectra with ${boxes} boxes;`,
      `streams: ${streams.map(({ name, passes, pictures: which }) => `${name} ${passes}${which === 'first' ? ' (first pictures)' : ''}`).join('; ')};`,
      `deletion and insertion of ${curveCount} maps.`,
      `Still to do: passes worth ${total.toFixed(0)} of the whole network at ${wholeMs.toFixed(0)} ms (live ${liveMs.toFixed(1)} ms), on ${workers.length} threads ${timeLeft(total, (1000 / wholeMs) * workers.length)}.`,
      '',
    ].join('\n'),
  );
  if (flags.plan) return;
  const rounds = [...new Set(pictures.map(({ round }) => round))].sort((a, b) => a - b);
  for (const round of rounds) {
    const own = tasks.filter((task) => task.picture.round === round);
    await runTasks(workers, own, records, { deadlineMs, liveCost });
    if (round > 0) continue;
    const curves = await curveTasks(parts);
    const names = new Map(curves.map(({ task, map }) => [task, map]));
    await runTasks(
      workers,
      curves.map(({ task }) => task),
      records,
      { deadlineMs, liveCost, mapName: (task) => names.get(task) ?? '' },
    );
  }
}

interface OpenCurve {
  readonly picture: PlannedPicture;
  readonly box: number;
  readonly map: ReturnType<typeof curveMaps>[number];
}

/** Deletion and insertion curves that are not recorded yet. */
function openCurves({ pictures, streams, records }: Parts): OpenCurve[] {
  const done = new Set(
    records.all.flatMap((entry) => (entry.kind === 'curves' ? [`${entry.picture} ${entry.box} ${entry.map}`] : [])),
  );
  return pictures
    .filter(({ round }) => round === 0)
    .flatMap((picture) =>
      curveMaps(streams).flatMap((map) =>
        picture.boxes.flatMap((_, box) =>
          done.has(`${picture.id} ${box} ${map.name}`) ? [] : [{ picture, box, map }],
        ),
      ),
    );
}

/** Curves of those maps whose masks are recorded. */
async function curveTasks(parts: Parts): Promise<{ task: FidelityTask; map: string }[]> {
  const { flags } = parts;
  const open = openCurves(parts);
  const tasks: { task: FidelityTask; map: string }[] = [];
  for (const picture of new Set(open.map((curve) => curve.picture))) {
    const judge = await judgeOf(parts, picture);
    for (const map of new Set(open.filter((curve) => curve.picture === picture).map((curve) => curve.map))) {
      if (judge.recorded(map.stream) < map.passes) continue;
      const maps =
        map.estimator === 'mean'
          ? judge.means(map.stream, 0, map.passes)
          : judge.maps(map.stream, 0, map.passes)[map.estimator];
      const boxes = open.filter((curve) => curve.picture === picture && curve.map.name === map.name);
      const manifest = manifestOf(flags, picture.spectrum);
      for (const { box } of boxes)
        tasks.push({
          task: { kind: 'curves', manifest, picture, box, map: maps[box], steps: flags.steps },
          map: map.name,
        });
    }
  }
  return tasks;
}

async function judge(parts: Parts): Promise<FidelityReport> {
  const { flags, pictures, streams, records, manifests } = parts;
  const rows: Fidelity[] = [];
  for (const [i, picture] of pictures.entries()) {
    process.stderr.write(`\rjudging picture ${i + 1} of ${pictures.length}   `);
    rows.push(...(await judgeOf(parts, picture)).rows());
  }
  process.stderr.write('\n');
  const missing = openTasks(pictures, streams, records, ({ spectrum }) => manifestOf(flags, spectrum));
  return {
    reference: streams[0].passes,
    plannedPictures: pictures.length,
    judgedPictures: new Set(rows.map(({ picture }) => picture)).size,
    complete: missing.length === 0 && openCurves(parts).length === 0,
    wholeMs: records.milliseconds(streams, 'picture') ?? NaN,
    liveMs: records.milliseconds(streams, 'features') ?? NaN,
    models: [...manifests.values()].map(({ name, sha256 }) => ({ name, sha256 })),
    rows,
    curves: records.all.filter((entry) => entry.kind === 'curves'),
  };
}

function judgeOf({ streams, records, manifests }: Parts, picture: PlannedPicture): Promise<PictureJudge> {
  const manifest = manifests.get(picture.spectrum);
  if (!manifest)
    throw new ExpectedError(
      'usage',
      `the plan has a picture of ${picture.spectrum}, which is not among --spectra`,
      'repeat the options of the run that is to go on',
    );
  return PictureJudge.open(picture, manifest, streams, records);
}

/** The pictures of an earlier run into the folder, or newly chosen ones. */
async function plannedOf(flags: Flags, manifests: ReadonlyMap<Spectrum, ModelManifest>): Promise<PlannedPicture[]> {
  const file = path.join(flags.output, 'plan.json');
  if (existsSync(file)) return checkedPlan(file, JSON.parse(await readFile(file, 'utf8')), manifests);
  const wish = {
    pictures: flags.pictures,
    boxes: flags.boxes,
    minScore: flags.minScore,
    onlyTrue: flags.anyBox !== true,
  };
  const pictures: PlannedPicture[] = [];
  for (const spectrum of flags.spectra) {
    process.stderr.write(`choosing pictures of ${spectrum} …\n`);
    const annotations = path.join(flags.data, spectrum, 'annotations.json');
    pictures.push(...(await choosePictures(spectrum, manifestOf(flags, spectrum), annotations, wish)));
  }
  if (pictures.length === 0)
    throw new ExpectedError(
      'input',
      `no picture of ${flags.data} has a box above ${flags.minScore}`,
      'lower --min-score, give --any-box, or take other pictures',
    );
  await writeAtomically(file, JSON.stringify(pictures, null, 1));
  return pictures;
}

function checkedPlan(file: string, plan: unknown, manifests: ReadonlyMap<Spectrum, ModelManifest>): PlannedPicture[] {
  const pictures = plannedPictures.safeParse(plan);
  if (!pictures.success)
    throw new ExpectedError('input', `${file} is no plan of this bench`, 'name another folder with --output');
  const other = pictures.data.find(({ spectrum, model }) => manifests.get(spectrum)?.sha256 !== model);
  if (other)
    throw new ExpectedError(
      'usage',
      `${file} was planned with another network for ${other.spectrum}`,
      'repeat the options of the run that is to go on, or name another folder with --output',
    );
  return pictures.data;
}

async function readManifest(file: string): Promise<ModelManifest> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ExpectedError('usage', `there is no manifest ${file}`, 'name the folder with --models', { cause });
  });
  return parseManifest(JSON.parse(text), file);
}

function manifestOf({ models }: Flags, spectrum: Spectrum): string {
  return path.join(models, `efficientdet-d0-${spectrum}.json`);
}
