import { readFile } from 'node:fs/promises';
import type { SearchSpace } from '../../src/detector/maskedGraph.js';
import { parseManifest } from '../../src/detector/manifest.js';
import { letterbox, toInput, type Size } from '../../src/geometry/letterbox.js';
import { MaskStream, type SampledMask } from '../../src/saliency/maskStream.js';
import { pearson } from '../../src/saliency/mapSums.js';
import { RegressionEstimate } from '../../src/saliency/regressionEstimate.js';
import { RiseEstimate, type MapEstimate } from '../../src/saliency/riseEstimate.js';
import { readPicture, type PlannedBox, type PlannedPicture } from './plan.js';
import { readRecord, recordPath } from './record.js';
import { streamOptions, type RecordedStream } from './streams.js';

/** How near a map is to its reference. */
export interface Fidelity {
  readonly picture: string;
  readonly spectrum: string;
  readonly box: PlannedBox;
  readonly stream: string;
  readonly estimator: string;
  readonly passes: number;
  /** Means over independent maps of so many passes. */
  readonly repeats: number;
  readonly pearson: number;
  readonly top5: number;
}

export const PASSES = [60, 125, 250, 500, 1000, 2500] as const;
/** Independent maps of one stream that are averaged over; more say little more. */
const MAX_REPEATS = 10;
/** Model pixels for each value of the compared maps. */
const STRIDE = 8;

type EstimatorOf = (map: Size, content: Size, stream: MaskStream, targets: number) => MapEstimate;

export const ESTIMATORS: Readonly<Record<string, EstimatorOf>> = {
  mean: (map, content, { options, groupSize }, targets) =>
    new RiseEstimate({ ...map, content }, options.probability, groupSize, targets),
  regression: (map, content, stream, targets) => new RegressionEstimate({ ...map, content }, stream, targets),
};

/** Judges every stream of a picture that is recorded far enough against the picture's reference. */
export async function judge(
  folder: string,
  manifestPath: string,
  picture: PlannedPicture,
  streams: readonly RecordedStream[],
  search: SearchSpace,
): Promise<Fidelity[]> {
  const manifest = parseManifest(JSON.parse(await readFile(manifestPath, 'utf8')), manifestPath);
  const { size } = await readPicture(picture.file);
  const placed = letterbox(size, manifest.input, manifest.input.resize);
  const { content } = placed;
  const map = { width: Math.ceil(content.width / STRIDE), height: Math.ceil(content.height / STRIDE) };
  const targets = picture.boxes.map(({ box }) => toInput(box, placed));
  const load = async (stream: RecordedStream): Promise<{ masks: MaskStream; scores: Float32Array }> => ({
    masks: new MaskStream(streamOptions(stream, content, targets)),
    scores: await readRecord(recordPath(folder, picture, stream, search), targets.length),
  });
  const estimated = (
    make: EstimatorOf,
    { masks, scores }: { masks: MaskStream; scores: Float32Array },
    from: number,
    passes: number,
  ): Float32Array[] => {
    const estimate = make(map, content, masks, targets.length);
    for (let i = from; i < from + passes; i++) {
      const mask: SampledMask = masks.mask(i);
      estimate.add(mask, scores.subarray(i * targets.length, (i + 1) * targets.length));
    }
    return targets.map((_, t) => estimate.map(t));
  };
  const [reference, ...others] = streams;
  const truth = await load(reference);
  if (truth.scores.length < reference.passes * targets.length) return [];
  const truths = estimated(ESTIMATORS.mean, truth, 0, reference.passes);
  const rows: Fidelity[] = [];
  for (const stream of others) {
    const recorded = await load(stream);
    const available = recorded.scores.length / targets.length;
    const { groupSize } = recorded.masks;
    for (const [estimator, make] of Object.entries(ESTIMATORS))
      for (const passes of PASSES) {
        // Parts of the stream that start with a group are as independent as streams of their own.
        const step = Math.ceil(passes / groupSize) * groupSize;
        const repeats = Math.min(MAX_REPEATS, Math.floor((available - passes) / step + 1));
        if (available < passes || repeats < 1) continue;
        const sums = targets.map(() => ({ pearson: 0, top5: 0 }));
        for (let repeat = 0; repeat < repeats; repeat++)
          estimated(make, recorded, repeat * step, passes).forEach((values, t) => {
            sums[t].pearson += pearson(values, truths[t]) / repeats;
            sums[t].top5 += topOverlap(values, truths[t], 0.05) / repeats;
          });
        sums.forEach((means, t) => {
          const { id, spectrum, boxes } = picture;
          rows.push({
            picture: id,
            spectrum,
            box: boxes[t],
            stream: stream.name,
            estimator,
            passes,
            repeats,
            ...means,
          });
        });
      }
  }
  return rows;
}

/** Intersection over union of the sets of each map's highest values, `share` of all of them. */
export function topOverlap(a: Float32Array, b: Float32Array, share: number): number {
  const count = Math.max(1, Math.round(share * a.length));
  const top = (values: Float32Array): Set<number> =>
    new Set(
      Array.from(values.keys())
        .sort((i, j) => values[j] - values[i] || i - j)
        .slice(0, count),
    );
  const [topA, topB] = [top(a), top(b)];
  let shared = 0;
  for (const x of topA) if (topB.has(x)) shared += 1;
  return shared / (2 * count - shared);
}
