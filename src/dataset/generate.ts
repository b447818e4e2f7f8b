import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Spectrum, SPECTRA } from '../spectrum.js';
import { CLASSES } from './classes.js';
import { mix } from './random.js';
import { type RenderJob, renderJobs, type RenderedView } from './renderPool.js';

export interface GenerateOptions {
  readonly seed: number;
  /** Number of four-spectrum frame sets by split. */
  readonly splits: Readonly<Record<string, number>>;
  readonly framesPerDrive: number;
  /** Seconds between the frames of a drive. */
  readonly interval: number;
  /** Share of drives by night, 0 … 1. */
  readonly nightShare: number;
  readonly threads: number;
  readonly depth: 8 | 16;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Renders a data set in COCO layout: `<root>/<split>/<spectrum>/images/<id>.png` and `annotations.json`. Every drive lies in
 * one split only and has a seed of its own, so test drives show streets, people and light that training has never seen.
 */
export async function generateDataset(root: string, options: GenerateOptions): Promise<void> {
  const drives = planDrives(options);
  const total = drives.reduce((sum, jobs) => sum + jobs.length, 0);
  const results: Result[] = [];
  let writing = Promise.resolve();
  await renderJobs(root, drives, options.threads, (job, views) => {
    results.push({ job, views });
    if (results.length % INTERIM === 0) writing = writing.then(() => writeAnnotations(root, options, results));
    options.onProgress?.(results.length, total);
  });
  await writing;
  await writeAnnotations(root, options, results);
}

interface Result {
  readonly job: RenderJob;
  readonly views: readonly RenderedView[];
}

/** After so many frame sets the annotations are brought up to date, so that an interrupted run leaves a valid data set. */
const INTERIM = 100;

async function writeAnnotations(root: string, options: GenerateOptions, results: readonly Result[]): Promise<void> {
  const ordered = [...results].sort((a, b) => (a.job.id < b.job.id ? -1 : 1));
  for (const split of Object.keys(options.splits)) {
    for (const spectrum of SPECTRA) {
      const coco = cocoOf(
        spectrum,
        ordered.filter(({ job }) => job.split === split),
      );
      const folder = path.join(root, split, spectrum);
      await mkdir(folder, { recursive: true });
      const file = path.join(folder, 'annotations.json');
      await writeFile(`${file}.partial`, JSON.stringify(coco));
      await rename(`${file}.partial`, file);
    }
  }
}

/** Which moments of which drives make up the splits. */
export function planDrives(options: GenerateOptions): RenderJob[][] {
  const drives: RenderJob[][] = [];
  Object.entries(options.splits).forEach(([split, count], splitIndex) => {
    const nightEvery = options.nightShare;
    for (let done = 0, n = 0; done < count; n++) {
      const frames = Math.min(options.framesPerDrive, count - done);
      const seed = mix(Math.imul(options.seed, 0x9e3779b1) ^ Math.imul(splitIndex + 1, 0x85ebca6b) ^ n) & 0x3fffffff;
      const night = Math.floor((n + 1) * nightEvery) > Math.floor(n * nightEvery);
      const drive = { seed, night, duration: options.framesPerDrive * options.interval };
      drives.push(
        Array.from({ length: frames }, (_, frame) => ({
          drive,
          time: frame * options.interval,
          frame,
          split,
          depth: options.depth,
          id: `${split}-${String(n).padStart(4, '0')}-${String(frame).padStart(3, '0')}`,
        })),
      );
      done += frames;
    }
  });
  // Splits take turns in proportion, so that a run that is cut short has some of each.
  const position = new Map<RenderJob[], number>();
  for (const split of Object.keys(options.splits)) {
    const own = drives.filter((jobs) => jobs[0]?.split === split);
    own.forEach((jobs, i) => position.set(jobs, (i + 0.5) / own.length));
  }
  return drives.sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0));
}

function cocoOf(spectrum: Spectrum, results: readonly Result[]): object {
  const images: object[] = [];
  const annotations: object[] = [];
  results.forEach(({ job, views }, index) => {
    const view = views.find((v) => v.spectrum === spectrum);
    if (!view) return;
    images.push({
      id: index + 1,
      file_name: `images/${job.id}.png`,
      width: view.width,
      height: view.height,
      time: job.drive.night ? 'night' : 'day',
      drive: job.drive.seed,
      frame: job.frame,
    });
    for (const { box, classIndex, pixels, visibility, ignore, mask, track } of view.objects) {
      annotations.push({
        id: annotations.length + 1,
        image_id: index + 1,
        category_id: classIndex + 1,
        bbox: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
        area: pixels,
        iscrowd: 0,
        ignore: ignore ? 1 : 0,
        visibility: Math.round(visibility * 1000) / 1000,
        track,
        segmentation: mask,
      });
    }
  });
  return {
    info: { description: 'Generated four-spectrum street scenes', spectrum },
    images,
    annotations,
    categories: CLASSES.map((name, i) => ({ id: i + 1, name })),
  };
}
