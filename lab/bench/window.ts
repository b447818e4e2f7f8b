import path from 'node:path';
import { Option } from 'commander';
import { wholeNumber } from '../../src/cli/optionValues.js';
import { benchCommand, runBench } from './benchCommand.js';
import { Random } from '../scenes/random.js';
import { renderDrive } from '../scenes/driveFrames.js';
import { openExplainer } from '../../src/explain/run/explainerPool.js';
import type { Explainer, ExplainTarget } from '../../src/explain/explanation.js';
import { presetSettings } from '../../src/explain/settings.js';
import { BandModels } from '../../src/explain/frame/bandModels.js';
import { chooseTargets } from '../../src/explain/frame/targets.js';
import { modelPicture } from '../study/modelPicture.js';
import { type GroupedValue, summarise } from '../numbers/statistics.js';
import { packageRoot } from '../../src/packageRoot.js';
import { defaultConfig } from '../../src/perception/config.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { boxGrid, gridAgreement } from '../../src/tracking/boxGrid.js';
import { IouTracker } from '../../src/tracking/iouTracker.js';
import { TRACKING } from '../../src/tracking/mapTracks.js';

/**
 * Whether masks that stand still over a window make RISE maps of a drive steadier, at equal passes for each image: maps of the images by
 * independent and by the same masks, each alone and averaged over the window, seen from the boxes (tracking/boxGrid.ts). Beside the change
 * from image to image: how near the maps are to those of many other masks, as a map can be steady and wrong.
 */
interface Flags {
  readonly spectrum: Spectrum;
  readonly seed: number;
  readonly rate: number;
  readonly images: number;
  readonly window: number;
  readonly passes: number;
  readonly reference: number;
  readonly boxes: number;
  readonly json?: boolean;
}

const program = benchCommand(
  'bench:window',
  'RISE over windows of a generated night drive: change of maps from image to image, and their error.',
  'print {rows: [{maps, change, correlation, fidelity}]} with means and intervals instead of the table',
)
  .addOption(new Option('--spectrum <band>', 'band').choices(SPECTRA).default('fir'))
  .option('--seed <n>', 'of the drive; those of the masks follow from it', wholeNumber(1, 1e9), 20_260_707)
  .option('--rate <hz>', 'images a second', wholeNumber(1, 1e9), 10)
  .option('--images <n>', 'images', wholeNumber(1, 1e9), 12)
  .option('--window <n>', 'images of a window', wholeNumber(1, 1e9), 4)
  .option('--passes <n>', 'masked passes of each image', wholeNumber(1, 1e9), 250)
  .option('--reference <n>', 'masked passes of the reference', wholeNumber(1, 1e9), 1500)
  .option('--boxes <n>', 'most boxes of an image, best score first', wholeNumber(1, 1e9), 8);

/** The maps of one image by track. */
type Maps = ReadonlyMap<number, SaliencyMap>;

interface Image {
  readonly pixels: Uint8Array;
  readonly size: { readonly width: number; readonly height: number };
  readonly tracks: readonly number[];
  readonly targets: readonly ExplainTarget[];
}

await runBench(program, main);

async function main(flags: Flags): Promise<void> {
  const { spectrum, seed, passes, reference, window } = flags;
  const model = path.join(packageRoot, 'models', `efficientdet-d0-${spectrum}.json`);
  const explainer = await openExplainer(model);
  const images = await readDrive(flags, explainer);
  const maps = { same: [] as Maps[], independent: [] as Maps[], reference: [] as Maps[] };
  for (const [i, image] of images.entries()) {
    process.stderr.write(`image ${i + 1} of ${images.length}, ${image.targets.length} boxes\n`);
    maps.same.push(await explain(explainer, image, passes, seed));
    maps.independent.push(await explain(explainer, image, passes, seed + 1 + i));
    maps.reference.push(await explain(explainer, image, reference, seed + 1_000_000 + i));
  }
  await explainer.close();
  const rows: [string, readonly Maps[]][] = [
    ['independent masks, each image alone', maps.independent],
    ['same masks, each image alone', maps.same],
    [`independent masks, mean of ${window} images`, averaged(maps.independent, window)],
    [`same masks, mean of ${window} images (--window ${window})`, averaged(maps.same, window)],
    [`${reference} independent masks, each image alone`, maps.reference],
  ];
  const uniform = new Random(seed, 'bootstrap');
  const summaries = rows.map(([name, own]) => {
    const { change, correlation, fidelity } = compare(images, own, maps.reference, window - 1);
    const summary = (sample: readonly GroupedValue[]) => summarise(sample, () => uniform.next());
    return { maps: name, change: summary(change), correlation: summary(correlation), fidelity: summary(fidelity) };
  });
  const lines = summaries.map(({ maps: name, ...figures }) => {
    const cells = Object.values(figures).map(({ mean, interval }) => {
      return `${mean.toFixed(3)}${interval ? ` (${interval.low.toFixed(3)}–${interval.high.toFixed(3)})` : ''}`;
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  const { sha256, name } = explainer.manifest;
  const found = compare(images, maps.same, maps.reference, window - 1);
  if (flags.json) {
    const about = { spectrum, seed, images: flags.images, rate: flags.rate, passes, window, model: name, sha256 };
    process.stdout.write(
      `${JSON.stringify({ ...about, pairs: found.correlation.length, rows: summaries }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(
    [
      `${spectrum}, drive ${seed}, ${flags.images} images at ${flags.rate} Hz, ${passes} plain masks an image, ${name} ${sha256}`,
      `${found.correlation.length} pairs of ${new Set(found.correlation.map(({ group }) => group)).size} tracks`,
      '| maps | change from image to image | correlation with the image before | correlation with the reference |',
      '|---|---|---|---|',
      ...lines,
      '',
    ].join('\n'),
  );
}

async function readDrive(flags: Flags, explainer: Explainer): Promise<Image[]> {
  const { spectrum, seed, rate, images: count, boxes } = flags;
  const models = new BandModels(defaultConfig('throughput'), openExplainer, { workers: 1 });
  let next = 1;
  const tracker = new IouTracker(TRACKING, () => next++);
  const images: Image[] = [];
  const drive = { seed, night: true, duration: count / rate, rate, spectra: [spectrum] };
  for await (const { views } of renderDrive(drive)) {
    const [{ width, height, channels, data }] = views;
    const pixels =
      channels === 3 ? data : Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)]);
    const found = await models.detect(spectrum, { width, height, channels: 3, data: pixels });
    const targets = chooseTargets(found, explainer.manifest.classes, boxes);
    images.push({ pixels, size: { width, height }, targets, tracks: tracker.add(targets).tracks });
  }
  await models.close();
  return images;
}

async function explain(explainer: Explainer, image: Image, passes: number, seed: number): Promise<Maps> {
  const { pixels, size, targets, tracks } = image;
  if (targets.length === 0) return new Map();
  const { pixels: input } = modelPicture(pixels, size, explainer.manifest.input);
  // Plain masks: favoured ones follow the boxes, and would differ from image to image.
  const settings = {
    ...presetSettings('rise'),
    sampler: 'plain',
    estimator: 'mean',
    passes,
    reportEvery: passes,
  } as const;
  let maps: readonly SaliencyMap[] = [];
  for await (const state of explainer.explain({ input, size, targets, settings, seed }))
    maps = state.targets.map(({ map }) => map);
  return new Map(tracks.map((track, i) => [track, maps[i]]));
}

/** The mean of a track's maps over the window that ends at each image. */
function averaged(maps: readonly Maps[], window: number): Maps[] {
  return maps.map((own, i) => {
    const mean = [...own].map(([track, map]) => {
      const all = maps.slice(Math.max(0, i - window + 1), i + 1).flatMap((other) => other.get(track) ?? []);
      const values = map.values.map((_, x) => all.reduce((sum, one) => sum + one.values[x], 0) / all.length);
      return [track, { ...map, values }] as const;
    });
    return new Map(mean);
  });
}

/**
 * By pair of successive images and track, grouped by track. Change: with both maps' means taken off,
 * `Σ (G_t − G_{t−1})² / (½ Σ G_t² + ½ Σ G_{t−1}²)`, from 0 for equal maps over 2 for unrelated ones to 4 for opposite ones.
 */
function compare(images: readonly Image[], maps: readonly Maps[], reference: readonly Maps[], from: number) {
  const figures = { change: [] as GroupedValue[], correlation: [] as GroupedValue[], fidelity: [] as GroupedValue[] };
  for (let i = Math.max(1, from); i < images.length; i++) {
    const { tracks, targets, size } = images[i];
    tracks.forEach((track, t) => {
      const before = images[i - 1].tracks.indexOf(track);
      const [now, last, truth] = [maps[i].get(track), maps[i - 1].get(track), reference[i].get(track)];
      if (before < 0 || !now || !last || !truth) return;
      const grid = boxGrid(now, targets[t].box, size);
      const gridBefore = boxGrid(last, images[i - 1].targets[before].box, size);
      const correlation = gridAgreement(gridBefore, grid);
      const fidelity = gridAgreement(grid, boxGrid(truth, targets[t].box, size));
      if (correlation === undefined || fidelity === undefined) return;
      const group = String(track);
      figures.change.push({ group, value: change(gridBefore, grid) });
      figures.correlation.push({ group, value: correlation });
      figures.fidelity.push({ group, value: fidelity });
    });
  }
  return figures;
}

function change(a: Float32Array, b: Float32Array): number {
  const common = [...a.keys()].filter((cell) => Number.isFinite(a[cell]) && Number.isFinite(b[cell]));
  const [valuesA, valuesB] = [a, b].map((grid) => {
    const mean = common.reduce((sum, cell) => sum + grid[cell], 0) / common.length;
    return common.map((cell) => grid[cell] - mean);
  });
  const squares = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0);
  const moved = squares(valuesB.map((value, i) => value - valuesA[i]));
  return moved / ((squares(valuesA) + squares(valuesB)) / 2);
}
