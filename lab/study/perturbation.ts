import type { MaskedDetector } from '../../src/explain/network/maskedDetector.js';
import type { MaskedPicture } from '../../src/explain/network/maskedPicture.js';
import { fillPicture } from '../../src/explain/run/fillPicture.js';
import type { ModelPicture } from './modelPicture.js';
import type { ExplainTarget } from '../../src/explain/explanation.js';
import { toInput } from '../../src/geometry/letterbox.js';
import { changedPixels, perturbationMask, type Perturbation } from '../numbers/perturbationCurve.js';
import { blurredPicture } from './blur.js';
import type { CurveSettings } from './settings.js';

/** Scores one target of a picture while its pixels are taken away or shown, through the explainers' own graph. */
export class PerturbationScorer {
  /** Forward passes so far. */
  passes = 0;
  readonly #pictures: Readonly<Record<Perturbation, MaskedPicture>>;
  readonly #picture: ModelPicture;
  readonly #settings: CurveSettings;

  private constructor(
    pictures: Readonly<Record<Perturbation, MaskedPicture>>,
    picture: ModelPicture,
    settings: CurveSettings,
  ) {
    this.#pictures = pictures;
    this.#picture = picture;
    this.#settings = settings;
  }

  static async open(
    detector: MaskedDetector,
    picture: ModelPicture,
    target: Pick<ExplainTarget, 'box' | 'classIndex'>,
    settings: CurveSettings,
  ): Promise<PerturbationScorer> {
    const { content } = picture.placed;
    const targets = [{ box: toInput(target.box, picture.placed), classIndex: target.classIndex }];
    const common = { pixels: picture.pixels, content, targets, rule: settings.rule };
    const deletion = await detector.picture({
      ...common,
      fill: fillPicture(picture.pixels, picture.placed, settings.removed),
    });
    const insertion = await detector.picture({ ...common, fill: blurredPicture(picture, settings.blurSigma) });
    const scorer = new PerturbationScorer({ deletion, insertion }, picture, settings);
    // Each picture looks at itself without a mask, twice where the target is found.
    scorer.passes = 4;
    return scorer;
  }

  /**
   * The target's score after 0 … `steps` steps, 0 where it is not found again.
   * @param ranks of the content's pixels; see importanceRanks
   */
  async curve(kind: Perturbation, ranks: Uint32Array): Promise<number[]> {
    const { input, content } = this.#picture.placed;
    const { steps, batch } = this.#settings;
    const size = input.width * input.height;
    const scores: number[] = [];
    for (let from = 0; from <= steps; from += batch) {
      const count = Math.min(batch, steps + 1 - from);
      const masks = new Float32Array(count * size);
      for (let b = 0; b < count; b++)
        perturbationMask(
          kind,
          ranks,
          content.width,
          changedPixels(from + b, steps, ranks.length),
          masks.subarray(b * size, (b + 1) * size),
          input.width,
        );
      scores.push(...(await this.#pictures[kind].scoreMasks(masks, count)).scores);
    }
    this.passes += steps + 1;
    return scores;
  }
}
