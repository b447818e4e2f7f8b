import type { DatasetLayout } from './layouts.js';
import { mix } from './random.js';
import type { RenderedView, RenderJob } from './renderJobs.js';
import { renderJobs } from './renderPool.js';
import { type RenderResult, writeAnnotations } from './writeAnnotations.js';

export type { DatasetLayout } from './layouts.js';

export interface GenerateOptions {
  readonly seed: number;
  readonly layout: DatasetLayout;
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
  /** Ends it early; the annotations then cover what was drawn. */
  readonly signal?: AbortSignal;
}

/**
 * Renders a data set (layouts.ts says where what lies). Every drive lies in one split only and has a seed of its own, so test
 * drives show streets, people and light that training has never seen. Started again after an interruption with the same
 * options, it goes on where it stopped.
 * @returns number of frame sets that are there
 */
export async function generateDataset(root: string, options: GenerateOptions): Promise<number> {
  const drives = planDrives(options);
  const total = drives.reduce((sum, jobs) => sum + jobs.length, 0);
  const results: RenderResult[] = [];
  const write = (): Promise<void> => writeAnnotations(root, options.layout, Object.keys(options.splits), results);
  let writing = Promise.resolve();
  const take = (job: RenderJob, views: RenderedView[]): void => {
    results.push({ job, views });
    if (results.length % INTERIM === 0) writing = writing.then(write);
    options.onProgress?.(results.length, total);
  };
  await renderJobs(root, drives, options.threads, take, options.signal);
  await writing;
  await write();
  return results.length;
}

/** After so many frame sets the annotations are brought up to date, so that an interrupted run leaves a valid data set. */
const INTERIM = 100;

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
          kind: 'files',
          drive,
          time: frame * options.interval,
          frame,
          split,
          layout: options.layout,
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
