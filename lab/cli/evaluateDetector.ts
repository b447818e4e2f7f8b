import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LabelledImage, SkipReport } from '../scenes/labelled.js';
import { loadCoco } from '../scenes/loadCoco.js';
import { loadVoc } from '../scenes/loadVoc.js';
import { parseManifest, type ModelManifest } from '../../src/detector/manifest.js';
import { ExpectedError } from '../../src/errors.js';
import { letterbox } from '../../src/geometry/letterbox.js';
import { decodeImage } from '../../src/images/decode.js';
import { resizeToInput } from '../../src/images/resize.js';
import { DetectorPool } from '../../src/perception/detectorPool.js';
import { type CocoSummary, evaluateDetections } from '../numbers/averagePrecision.js';
import type { GroundTruth, ScoredBox } from '../numbers/detectionMatching.js';
import { evaluateCommand } from './evaluateCommand.js';
import { startProgress } from '../../src/cli/progress.js';

interface EvaluateOptions {
  readonly time?: 'day' | 'night';
  readonly limit?: number;
  readonly minimumScore: number;
  readonly json?: boolean;
}

const EXAMPLES = `
DATASET is a COCO annotations.json, a folder that holds one, or a VOC folder with JPEGImages and Annotations.

Examples:
  msal evaluate detector models/efficientdet-d0-fir.json street/test/fir
  msal evaluate detector models/efficientdet-d0-rgb.json street/test/rgb/annotations.json --time night --json
`;

/** `msal evaluate detector`: COCO average precision of a model on a data set. */
export function register(program: Command): void {
  evaluateCommand(program)
    .command('detector')
    .description('COCO average precision of a detector on labelled pictures')
    .argument('<model>', 'manifest of the model (.json)')
    .argument('<dataset>', 'labelled pictures of one spectrum')
    .addOption(new Option('--time <when>', 'only pictures taken by').choices(['day', 'night']))
    .option('--limit <n>', 'only the first n pictures', limit)
    .option('--minimum-score <p>', 'leave weaker detections out', probability, 0.01)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(model: string, dataset: string, options: EvaluateOptions): Promise<void> {
  const manifest = parseManifest(await readJson(model), model);
  const { images, report } = await loadLabelled(dataset, manifest.classes);
  const wanted = images.filter(({ time }) => !options.time || time === options.time).slice(0, options.limit);
  if (wanted.length === 0)
    throw new ExpectedError('input', `${dataset} has no picture to judge by`, 'check its layout, and --time');
  const found = await detectAll(model, manifest, wanted, options.minimumScore);
  const truth = wanted.flatMap(({ objects }, image) => objects.map((object): GroundTruth => ({ image, ...object })));
  const summary = evaluateDetections(truth, found, manifest.classes.length);
  if (options.json) process.stdout.write(`${JSON.stringify(asJson(manifest, wanted, report, summary), null, 2)}\n`);
  else process.stdout.write(asText(manifest, wanted, report, summary));
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ExpectedError(
      'model',
      `cannot read ${file} as JSON`,
      'give the manifest of a model, models/<name>.json',
      { cause: error },
    );
  }
}

async function loadLabelled(
  dataset: string,
  classes: readonly string[],
): Promise<{ images: LabelledImage[]; report: SkipReport }> {
  if (dataset.endsWith('.json')) return loadCoco(dataset, { classes });
  const coco = path.join(dataset, 'annotations.json');
  if (existsSync(coco)) return loadCoco(coco, { classes });
  const annotations = path.join(dataset, 'Annotations');
  if (existsSync(annotations)) return loadVoc({ images: path.join(dataset, 'JPEGImages'), annotations, classes });
  throw new ExpectedError(
    'input',
    `${dataset} holds neither annotations.json nor Annotations/`,
    'give a COCO or VOC data set of one spectrum',
  );
}

async function detectAll(
  model: string,
  manifest: ModelManifest,
  images: readonly LabelledImage[],
  minimumScore: number,
): Promise<ScoredBox[]> {
  const { input } = manifest;
  const pool = await DetectorPool.open({ models: { model }, topK: 1000 });
  const progress = startProgress('detecting', images.length, 'pictures');
  const found: ScoredBox[] = [];
  const failures: unknown[] = [];
  const pending = new Set<Promise<void>>();
  let done = 0;
  try {
    for (const [image, { file }] of images.entries()) {
      await pool.whenRoom();
      if (failures.length > 0) break;
      const picture = decodeImage({
        kind: 'compressed',
        format: path.extname(file).slice(1),
        data: await readFile(file),
      });
      const { content } = letterbox(picture, input, input.resize);
      const job = pool
        .detect({
          model: 'model',
          pixels: resizeToInput(picture, { input, content }),
          source: { width: picture.width, height: picture.height },
          thresholds: { scoreThreshold: minimumScore, iouThreshold: 0.5, maxDetections: 100 },
          gradCam: false,
        })
        .then(({ detections }) => {
          for (const { box, classIndex, score } of detections) found.push({ image, classIndex, box, score });
          progress.update(++done);
        })
        .catch((error: unknown) => void failures.push(error));
      const tracked: Promise<void> = job.finally(() => pending.delete(tracked));
      pending.add(tracked);
    }
    await Promise.all(pending);
    if (failures.length > 0) throw failures[0];
    return found;
  } finally {
    progress.stop();
    await pool.close();
  }
}

function asJson(
  manifest: ModelManifest,
  images: readonly LabelledImage[],
  report: SkipReport,
  { classes, ...summary }: CocoSummary,
): object {
  return {
    model: { name: manifest.name, sha256: manifest.sha256 },
    pictures: images.length,
    ...summary,
    classes: classes.map(({ classIndex, ...figures }) => ({ name: manifest.classes[classIndex], ...figures })),
    skipped: report.entries(),
  };
}

function asText(
  manifest: ModelManifest,
  images: readonly LabelledImage[],
  report: SkipReport,
  summary: CocoSummary,
): string {
  const percent = (value: number | undefined): string => (value === undefined ? '    –' : value.toFixed(3).padStart(5));
  const lines = [
    `${manifest.name} on ${images.length} pictures`,
    `  mAP ${percent(summary.mAP)}   mAP50 ${percent(summary.mAP50)}   mAP75 ${percent(summary.mAP75)}`,
    `  small ${percent(summary.small)}   medium ${percent(summary.medium)}   large ${percent(summary.large)}   recall ${percent(summary.recall)}`,
    '',
    '  class          mAP  mAP50  objects',
    ...summary.classes.map(({ classIndex, mAP, mAP50, objects }) => {
      const name = (manifest.classes[classIndex] ?? String(classIndex)).padEnd(12);
      return `  ${name} ${percent(mAP)}  ${percent(mAP50)}  ${String(objects).padStart(7)}`;
    }),
  ];
  if (report.total > 0) {
    lines.push('', `  ${report.total} skipped:`);
    for (const { reason, count, examples } of report.entries())
      lines.push(`    ${count} × ${reason}, for example ${examples[0]}`);
  }
  return `${lines.join('\n')}\n`;
}

function limit(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('must be a whole number from 1.');
  return value;
}

function probability(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('must be from 0 to 1.');
  return value;
}
