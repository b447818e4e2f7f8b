import { ESTIMATORS, type Estimator } from '../../../src/explain/settings.js';
import { letterbox, toInput, type Size } from '../../../src/geometry/letterbox.js';
import { pearson, topOverlap } from '../../../src/maps/mapAgreement.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { isCorrected } from '../../../src/explain/estimates/correctedRidgeEstimate.js';
import { CorrectedSparseBayesEstimate } from '../../../src/explain/estimates/correctedSparseBayesEstimate.js';
import { RidgeEstimate } from '../../../src/explain/estimates/ridgeEstimate.js';
import { SparseBayesEstimate } from '../../../src/explain/estimates/sparseBayesEstimate.js';
import { RiseEstimate, type MapEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import type { SaliencyMap } from '../../../src/maps/saliencyMap.js';
import type { ModelManifest } from '../../../src/detector/manifest.js';
import { readPicture, type PlannedBox, type PlannedPicture } from './plan.js';
import type { Records } from './records.js';
import { IMPORTANCE, LIVE, PLAIN, REFERENCE, streamOptions, type RecordedStream } from './streams.js';

/** How near a box's map is to its reference. */
export interface Fidelity {
  readonly picture: string;
  readonly spectrum: string;
  readonly box: PlannedBox;
  /** Stream and estimator. */
  readonly method: string;
  /** Masks, and of corrected estimates those that were passed through the whole network too. */
  readonly passes: number;
  readonly corrected: number;
  /** Means over independent maps of so many passes. */
  readonly repeats: number;
  readonly pearson: number;
  readonly top5: number;
  /** Share of the masks behind which the box was not found again. */
  readonly lost: number;
}

/** 166 are a third of 500 and 100 a fifth: what a default may take, and should. */
export const PASSES = [60, 100, 125, 166, 250, 500, 1000, 2500] as const;
/** Full passes of corrected estimates, beside so many live ones. */
export const CORRECTED = [20, 30, 60, 125] as const;
export const CORRECTED_METHOD = 'corrected';
/** Independent maps of one stream that are averaged over; more say little more. */
const MAX_REPEATS = 2;
/** Model pixels for each value of the compared maps. */
const STRIDE = 8;

/** Everything that was recorded of one picture, ready to be made into maps. */
export class PictureJudge {
  readonly #scores = new Map<string, Float32Array>();
  readonly picture: PlannedPicture;
  readonly #content: Size;
  readonly #targets: readonly PlannedBox['box'][];
  readonly #streams: readonly RecordedStream[];
  readonly #records: Records;

  private constructor(
    picture: PlannedPicture,
    content: Size,
    targets: readonly PlannedBox['box'][],
    streams: readonly RecordedStream[],
    records: Records,
  ) {
    this.picture = picture;
    this.#content = content;
    this.#targets = targets;
    this.#streams = streams;
    this.#records = records;
  }

  static async open(
    picture: PlannedPicture,
    { input }: ModelManifest,
    streams: readonly RecordedStream[],
    records: Records,
  ): Promise<PictureJudge> {
    const { size } = await readPicture(picture.file);
    const placed = letterbox(size, input, input.resize);
    const targets = picture.boxes.map(({ box }) => toInput(box, placed));
    return new PictureJudge(picture, placed.content, targets, streams, records);
  }

  /** Masks of a stream that were recorded. */
  recorded(name: string): number {
    return this.#scoresOf(this.#stream(name)).length / this.#targets.length;
  }

  /** See Records.scores; a judge sees what was recorded when it first asked. */
  #scoresOf(stream: RecordedStream): Float32Array {
    const known = this.#scores.get(stream.name) ?? this.#records.scores(this.picture, stream);
    this.#scores.set(stream.name, known);
    return known;
  }

  /** Equation 4 with the masks `from` to `from + passes − 1` of a stream. */
  means(name: string, from: number, passes: number): SaliencyMap[] {
    const stream = this.#stream(name);
    const masks = this.#masks(stream);
    const count = this.#targets.length;
    const scores = this.#scoresOf(stream);
    const mean = new RiseEstimate(this.#geometry, stream.probability, count);
    for (let i = from; i < from + passes; i++) mean.add(masks.mask(i), scores.subarray(i * count, (i + 1) * count));
    return this.#mapsOf(mean);
  }

  /** A stream's maps of all boxes from masks `from` to `from + passes − 1`, by each estimator. */
  maps(name: string, from: number, passes: number): Readonly<Record<Estimator, SaliencyMap[]>> {
    const stream = this.#stream(name);
    const scores = this.#scoresOf(stream);
    const masks = this.#masks(stream);
    const count = this.#targets.length;
    const ridge = new RidgeEstimate(this.#geometry, masks, count);
    const sparse = new SparseBayesEstimate(this.#geometry, masks, count);
    for (let i = from; i < from + passes; i++) {
      const row = scores.subarray(i * count, (i + 1) * count);
      ridge.add(masks.mask(i), row);
      sparse.add(masks.mask(i), row);
    }
    return {
      mean: this.means(name, from, passes),
      regression: this.#mapsOf(ridge.unbiased),
      'box-prior': this.#mapsOf(ridge),
      'sparse-bayes': this.#mapsOf(sparse),
    };
  }

  /** Every estimate of the picture against its reference; nothing while the reference is not whole. */
  rows(): Fidelity[] {
    const reference = this.#stream(REFERENCE);
    if (this.recorded(REFERENCE) < reference.passes) return [];
    const truths = this.means(reference.name, 0, reference.passes);
    const rows: Fidelity[] = [];
    for (const stream of this.#streams.slice(1)) {
      const available = this.recorded(stream.name);
      for (const passes of PASSES) {
        // Parts of the stream are as independent as streams of their own.
        const repeats = Math.min(MAX_REPEATS, Math.floor(available / passes));
        if (repeats < 1) continue;
        const made = Array.from({ length: repeats }, (_, r) => this.maps(stream.name, r * passes, passes));
        for (const estimator of ESTIMATORS)
          rows.push(
            ...this.#compared(
              made.map((maps) => maps[estimator]),
              truths,
              { method: `${stream.name}, ${estimator}`, passes, corrected: 0, scores: this.#scoresOf(stream) },
            ),
          );
      }
    }
    return [...rows, ...this.#corrected(truths)];
  }

  /** Live masks of which some are passed through the whole network too. */
  #corrected(truths: readonly SaliencyMap[]): Fidelity[] {
    const [live, full] = [LIVE, IMPORTANCE].map((name) => this.#scoresOf(this.#stream(name)));
    const count = this.#targets.length;
    const available = Math.min(live.length, full.length) / count;
    const masks = this.#masks(this.#stream(LIVE));
    return PASSES.flatMap((passes) =>
      CORRECTED.filter((corrected) => corrected < passes && passes <= available).flatMap((corrected) => {
        const repeats = Math.min(MAX_REPEATS, Math.floor(available / passes));
        const made = Array.from({ length: repeats }, (_, r) => {
          const estimate = new CorrectedSparseBayesEstimate(this.#geometry, masks, count);
          const scores = new Float32Array(2 * count);
          for (let k = 0; k < passes; k++) {
            const i = r * passes + k;
            scores.fill(NaN);
            scores.set(live.subarray(i * count, (i + 1) * count));
            if (isCorrected(k, passes, corrected)) scores.set(full.subarray(i * count, (i + 1) * count), count);
            estimate.add(masks.mask(i), scores);
          }
          return this.#mapsOf(estimate);
        });
        return this.#compared(made, truths, { method: CORRECTED_METHOD, passes, corrected, scores: live });
      }),
    );
  }

  #compared(
    made: readonly (readonly SaliencyMap[])[],
    truths: readonly SaliencyMap[],
    about: Pick<Fidelity, 'method' | 'passes' | 'corrected'> & { readonly scores: Float32Array },
  ): Fidelity[] {
    const { id, spectrum, boxes } = this.picture;
    const { scores, ...rest } = about;
    return boxes.map((box, t): Fidelity => {
      const sums = { pearson: 0, top5: 0 };
      for (const maps of made) {
        sums.pearson += pearson(maps[t].values, truths[t].values) / made.length;
        sums.top5 += topOverlap(maps[t].values, truths[t].values) / made.length;
      }
      let [found, all] = [0, 0];
      for (let i = t; i < scores.length; i += boxes.length, all++) if (scores[i] > 0) found++;
      return { picture: id, spectrum, box, ...rest, repeats: made.length, ...sums, lost: 1 - found / Math.max(1, all) };
    });
  }

  #mapsOf(estimate: MapEstimate): SaliencyMap[] {
    const { width, height } = this.#geometry;
    return this.#targets.map((_, t) => ({ width, height, values: estimate.map(t) }));
  }

  get #geometry(): Size & { readonly content: Size } {
    const content = this.#content;
    return { width: Math.ceil(content.width / STRIDE), height: Math.ceil(content.height / STRIDE), content };
  }

  #masks(stream: RecordedStream): MaskStream {
    return new MaskStream(streamOptions(stream, this.#content, this.#targets));
  }

  #stream(name: string): RecordedStream {
    const stream = this.#streams.find((one) => one.name === name);
    if (!stream) throw new Error(`there is no stream ${name}`);
    return stream;
  }
}

/** A map that deletion and insertion are measured for. */
export interface CurveMap {
  readonly name: string;
  readonly stream: string;
  readonly estimator: Estimator;
  readonly passes: number;
}

/** The maps that deletion and insertion judge: the reference, the study's, and the candidates for a default. */
export function curveMaps(streams: readonly RecordedStream[]): CurveMap[] {
  const wanted: [string, Estimator, number][] = [
    [REFERENCE, 'mean', Infinity],
    [PLAIN, 'mean', 500],
    [PLAIN, 'sparse-bayes', 60],
    [PLAIN, 'sparse-bayes', 100],
    [IMPORTANCE, 'box-prior', 100],
    [IMPORTANCE, 'regression', 250],
    [LIVE, 'sparse-bayes', 100],
    [IMPORTANCE, 'regression', 1000],
  ];
  const maps = wanted.map(([name, estimator, most]): CurveMap => {
    const passes = Math.min(most, streams.find((stream) => stream.name === name)?.passes ?? 0);
    return { name: `${name}, ${estimator}, ${passes}`, stream: name, estimator, passes };
  });
  // Of shorter streams two may be the same.
  return [...new Map(maps.map((map) => [map.name, map])).values()];
}
