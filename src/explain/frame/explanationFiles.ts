import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dump } from 'npyjs';
import { outputError } from '../../outputError.js';
import type { ExplainProgress } from './explainFrame.js';
import type { Explanation } from './frameExplanation.js';
import type { WindowImage } from './explainWindow.js';
import { mapPixels, paintExplanations } from './pictures.js';
import type { FrameToExplain, PreparedFrame } from './prepareFrame.js';
import { encodePng } from '../../images/encode.js';
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
  readonly style: {
    readonly overlayOpacity: number;
    readonly colorMap: 'inferno' | 'viridis' | 'cividis' | 'turbo' | 'jet';
  };
  /** The images before, where the masks stand still over several. */
  readonly window: readonly WindowImage[] | undefined;

  constructor(
    folder: string,
    source: FrameToExplain,
    prepared: PreparedFrame,
    numbers: readonly number[],
    style: {
      readonly overlayOpacity: number;
      readonly colorMap: 'inferno' | 'viridis' | 'cividis' | 'turbo' | 'jet';
    },
    window?: readonly WindowImage[],
  ) {
    this.folder = folder;
    this.source = source;
    this.prepared = prepared;
    this.numbers = numbers;
    this.style = style;
    this.window = window;
  }

  /**
   * Writes maps, overlays and summary as far as they have come.
   * @param progress `undefined`: nothing has come yet
   * @throws ExpectedError `output`
   */
  async write(progress: ExplainProgress | undefined, outcome: ExplainOutcome): Promise<ExplainSummary> {
    for (const [index, explanation] of (progress?.explanations ?? []).entries())
      await this.#writeBox(index, explanation);
    const summary = this.summary(progress, outcome);
    await this.#replace('explanation.json', `${JSON.stringify(summary, undefined, 2)}\n`);
    return summary;
  }

  summary(progress: ExplainProgress | undefined, { interrupted, seconds }: ExplainOutcome) {
    const { explainer, work, detections } = this.prepared;
    const { frame, logged } = this.source;
    const { name, sha256 } = explainer.manifest;
    const first = progress?.explanations[0];
    return {
      complete: progress?.complete ?? false,
      interrupted,
      image: {
        source: frame.topic,
        spectrum: frame.spectrum,
        stampNs: String(frame.stampNs),
        frameId: frame.frameId,
        ...work.image.size,
        sha256: createHash('sha256').update(frame.image.data).digest('hex'),
      },
      method: work.settings.method,
      settings: work.settings,
      seed: work.seed,
      passes: progress?.passes ?? 0,
      plannedPasses: progress?.plannedPasses ?? null,
      converged: first?.converged ?? false,
      seconds: Number(seconds.toFixed(3)),
      model: { name, sha256, provider: explainer.provider },
      versions: versions(),
      ...(this.window && { window: windowOf(this.window) }),
      detections: { count: detections.length, from: logged ? 'the frame log' : 'this model' },
      boxes: work.targets.map((target, index) => {
        const explanation = progress?.explanations[index];
        return {
          number: this.numbers[index] ?? index + 1,
          className: target.className,
          score: target.score,
          box: target.box,
          ...(explanation && {
            lost: explanation.lost,
            scores: Object.fromEntries(explanation.scores),
            map: figuresOf(explanation.map),
            ...(explanation.standardError && { standardError: figuresOf(explanation.standardError) }),
            files: this.#filesOf(index, explanation),
          }),
        };
      }),
    };
  }

  async #writeBox(index: number, explanation: Explanation): Promise<void> {
    const { map, standardError, image } = explanation;
    const { pixels } = this.prepared;
    const files = this.#filesOf(index, explanation);
    const { colorMap } = this.style;
    await this.#replace(files.map, encodePng(mapPixels(map, image.size, colorMap)));
    await this.#replace(files.mapValues, npy(map));
    await this.#replace(files.overlay, encodePng(paintExplanations(pixels, [explanation], this.style)));
    if (!standardError || !files.standardError || !files.standardErrorValues) return;
    await this.#replace(files.standardError, encodePng(mapPixels(standardError, image.size, colorMap)));
    await this.#replace(files.standardErrorValues, npy(standardError));
  }

  #filesOf(index: number, { target, standardError }: Explanation) {
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
      await writeFile(`${file}.unfinished`, content);
      await rename(`${file}.unfinished`, file);
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
