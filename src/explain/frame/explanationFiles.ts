import { createHash } from 'node:crypto';
import path from 'node:path';
import { writeAtomically } from '../../files/atomicWrite.js';
import { dump } from 'npyjs';
import { outputError } from '../../outputError.js';
import type { ExplainedTarget, Explanation } from '../explanation.js';
import type { WindowImage } from './explainWindow.js';
import { mapFigures } from './mapFigures.js';
import { overlayOf, pictureOfMap } from './pictures.js';
import type { FrameToExplain, PreparedFrame } from './prepareFrame.js';
import { verdictOf, type Verdict } from './verdict.js';
import type { ColorMapName } from '../../images/colorMap.js';
import type { PictureToPaint } from '../../images/paint.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import { versions } from '../../versions.js';

/** How it went, for `explanation.json`. */
export interface ExplainOutcome {
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** `explanation.json`: plain values only. */
export type ExplainSummary = ReturnType<ExplainFiles['summary']>;

/** The files of one explanation in a folder. Each is replaced as a whole, so that who looks while it goes on sees whole files. */
export class ExplainFiles {
  readonly folder: string;
  readonly source: FrameToExplain;
  readonly prepared: PreparedFrame;
  /** Number of each explained box among the detections, from 1. */
  readonly numbers: readonly number[];
  readonly style: { readonly overlayOpacity: number; readonly colorMap: ColorMapName };
  /** Paints where OpenCV is: `paintFile`, or the vision thread's. */
  readonly paint: (picture: PictureToPaint) => Uint8Array | Promise<Uint8Array>;
  /** The images before, where the masks stand still over several. */
  readonly window: readonly WindowImage[] | undefined;

  constructor(
    folder: string,
    source: FrameToExplain,
    prepared: PreparedFrame,
    numbers: readonly number[],
    style: ExplainFiles['style'],
    paint: ExplainFiles['paint'],
    window?: readonly WindowImage[],
  ) {
    this.folder = folder;
    this.source = source;
    this.prepared = prepared;
    this.numbers = numbers;
    this.style = style;
    this.paint = paint;
    this.window = window;
  }

  /**
   * Writes maps, overlays and summary as far as they have come.
   * @param explanation `undefined`: nothing has come yet
   * @throws ExpectedError `output`
   */
  async write(explanation: Explanation | undefined, outcome: ExplainOutcome): Promise<ExplainSummary> {
    if (explanation) for (const index of explanation.targets.keys()) await this.#writeBox(explanation, index);
    const summary = this.summary(explanation, outcome);
    await this.#replace('explanation.json', `${JSON.stringify(summary, undefined, 2)}\n`);
    return summary;
  }

  summary(explanation: Explanation | undefined, { interrupted, seconds }: ExplainOutcome) {
    const { explainer, request, detections } = this.prepared;
    const { frame, logged } = this.source;
    const { name, sha256 } = explainer.manifest;
    return {
      complete: explanation?.complete ?? false,
      interrupted,
      image: {
        source: frame.topic,
        spectrum: frame.spectrum,
        stampNs: String(frame.stampNs),
        frameId: frame.frameId,
        ...request.size,
        sha256: createHash('sha256').update(frame.image.data).digest('hex'),
      },
      method: request.settings.method,
      settings: request.settings,
      seed: request.seed,
      passes: explanation?.passes ?? 0,
      plannedPasses: explanation?.plannedPasses ?? null,
      converged: explanation?.converged ?? false,
      seconds: Number(seconds.toFixed(3)),
      model: { name, sha256, provider: explainer.provider },
      versions: versions(),
      ...(this.window && { window: windowOf(this.window) }),
      detections: { count: detections.length, from: logged ? 'the frame log' : 'this model' },
      boxes: request.targets.map((target, index) => {
        const explained = explanation?.targets[index];
        return {
          number: this.numbers[index] ?? index + 1,
          className: target.className,
          score: target.score,
          box: target.box,
          ...(explanation &&
            explained && {
              lost: explained.lost,
              scores: Object.fromEntries(mapFigures(explanation, index)),
              ...verdictField(explanation, index),
              map: figuresOf(explained.map),
              ...(explained.standardError && { standardError: figuresOf(explained.standardError) }),
              files: this.#filesOf(index, explained),
            }),
        };
      }),
    };
  }

  async #writeBox(explanation: Explanation, index: number): Promise<void> {
    const { map, standardError } = explanation.targets[index];
    const { pixels, request } = this.prepared;
    const { colorMap, overlayOpacity } = this.style;
    const files = this.#filesOf(index, explanation.targets[index]);
    await this.#replace(files.map, await this.paint(pictureOfMap(map, request.size, colorMap)));
    await this.#replace(files.mapValues, npy(map));
    const overlay = overlayOf(pixels, explanation, { colorMap, overlayOpacity }, index);
    await this.#replace(files.overlay, await this.paint(overlay));
    if (!standardError || !files.standardError || !files.standardErrorValues) return;
    await this.#replace(files.standardError, await this.paint(pictureOfMap(standardError, request.size, colorMap)));
    await this.#replace(files.standardErrorValues, npy(standardError));
  }

  #filesOf(index: number, { standardError }: ExplainedTarget) {
    const target = this.prepared.request.targets[index];
    // A class's name comes from the model's manifest and may be anything.
    const name = target.className.replace(/[^\w-]+/g, '_').slice(0, 60);
    const base = `${String(this.numbers[index] ?? index + 1).padStart(2, '0')}-${name}`;
    return {
      map: `${base}.map.png`,
      mapValues: `${base}.map.npy`,
      overlay: `${base}.overlay.png`,
      ...(standardError && { standardError: `${base}.error.png`, standardErrorValues: `${base}.error.npy` }),
    };
  }

  async #replace(name: string, content: string | Uint8Array): Promise<void> {
    const file = path.join(this.folder, name);
    try {
      await writeAtomically(file, content);
    } catch (error) {
      throw outputError(file, error);
    }
  }
}

/** NumPy's own format: float32 [height, width]. */
function npy({ width, height, values }: SaliencyMap): Uint8Array {
  return new Uint8Array(dump(values, [height, width]));
}

/** The other images of the window, and where each of the boxes is in them (null: nowhere). */
function windowOf(images: readonly WindowImage[]) {
  return {
    images: images.map(({ stampNs, boxes }) => ({
      stampNs: String(stampNs),
      boxes: boxes.map((box) => box ?? null),
    })),
  };
}

function figuresOf({ width, height, values }: SaliencyMap) {
  const minimum = values.reduce((least, value) => Math.min(least, value), Infinity);
  const maximum = values.reduce((greatest, value) => Math.max(greatest, value), -Infinity);
  return { width, height, minimum, maximum };
}

function verdictField(explanation: Explanation, index: number): { readonly verdict?: Verdict } {
  const verdict = verdictOf(explanation, index);
  return verdict ? { verdict } : {};
}
