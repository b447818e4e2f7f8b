import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { ExpectedError } from '../../errors.js';
import { area, clip, type Box } from '../../geometry/box.js';
import { contentOffset, type Size } from '../../geometry/letterbox.js';
import { nonMaximumSuppression } from '../../geometry/nms.js';
import { candidateAnchors } from './candidates.js';
import { findAgain, similarity, type ClassifiedBox, type FindRule } from './findAgain.js';
import { flatLayout } from '../../detector/flatOutputs.js';
import type { FeatureGround } from './liveGraph.js';
import type { ModelManifest } from '../../detector/manifest.js';
import type { PlainDetector } from '../../detector/composedDetector.js';
import {
  candidateCount,
  maskedTensors as names,
  searchesInside,
  type MaskableNetwork,
  type MaskKind,
  type SearchSpace,
} from './maskedGraph.js';

/** The network behind the masks: a MaskedDetector. */
export interface MaskedNetwork {
  readonly network: MaskableNetwork;
  readonly manifest: ModelManifest;
  run(
    masks: MaskKind,
    search: SearchSpace,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<InferenceSession.OnnxValueMapType>;
}

/** What is explained. */
export interface MaskedTarget {
  /** In input pixels. */
  readonly box: Box;
  readonly classIndex: number;
}

/** How targets are found again: see FindRule. */
export interface SearchRule extends FindRule {
  readonly among: SearchSpace;
}

export interface MaskedPictureSetup {
  /** uint8 [H, W, 3], RGB, resized to the model's input. */
  readonly pixels: Uint8Array;
  /** What shows where a mask is 0; as `pixels`. */
  readonly fill: Uint8Array;
  /** The part of the input that the picture fills. */
  readonly content: Size;
  readonly targets: readonly MaskedTarget[];
  readonly rule: SearchRule;
  /**
   * Given: masks act on the backbone's output maps, which blend into this, instead of on the picture (live RISE, see
   * liveGraph.ts), and the backbone runs once only.
   */
  readonly features?: FeatureGround;
  /**
   * False: the unmasked picture is not looked at first. `unmasked` stays empty then, and similarities are those to a vector with
   * nothing but the target's class in it. Default true.
   */
  readonly look?: boolean;
}

/** Masks as coarse grids: see maskStages. */
export interface GridMasks {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** [count, rows, columns], any finite values. */
  readonly grids: Float32Array;
  /** [count, 2]: pixels that the mask is shifted up and left by; y and x. */
  readonly offsets: Float32Array;
  /** Size in pixels to which the whole grid is upsampled before it is cut. */
  readonly upsampled: Size;
}

/** What the network says about B masked pictures; T targets, C classes. */
export interface MaskScores {
  readonly count: number;
  /** [B, T]: probability of the target's class in the box that was found; 0 where none was. */
  readonly scores: Float32Array;
  /** [B, T]: that box's overlap with the target; 0 where none was found. */
  readonly ious: Float32Array;
  /** [B, T, C]: that box's class probabilities; 0 where none was found. */
  readonly vectors: Float32Array;
  /** [B, T]: D-RISE's similarity, in [0, 1]. */
  readonly similarities: Float32Array;
}

/** Boxes of one class that overlap a better one by more are suppressed, as by the detector. */
const SUPPRESSION_IOU = 0.5;

/** One picture and its targets in a MaskedDetector. */
export class MaskedPicture {
  /** What the network says about the picture without a mask, one row if it was looked at; a target with IoU 0 cannot be found at all. */
  unmasked: MaskScores = { count: 0, scores: empty, ious: empty, vectors: empty, similarities: empty };
  #vectors: Float32Array;
  #targetFeeds: Record<string, Tensor> = {};
  readonly #detector: MaskedNetwork;
  readonly #planes: Readonly<Record<string, Tensor>>;
  readonly setup: MaskedPictureSetup;
  /** Whether the graph looks for the targets itself. */
  readonly #inside: boolean;
  /** Where the network sees the picture: masks and boxes are moved there and back. */
  readonly #offset: { readonly x: number; readonly y: number };

  private constructor(detector: MaskedNetwork, planes: Readonly<Record<string, Tensor>>, setup: MaskedPictureSetup) {
    this.#detector = detector;
    this.#planes = planes;
    this.setup = setup;
    const { classes } = detector.manifest;
    this.#vectors = new Float32Array(setup.targets.length * classes.length);
    setup.targets.forEach(({ classIndex }, t) => (this.#vectors[t * classes.length + classIndex] = 1));
    const { network } = detector;
    this.#targetFeeds = searchesInside(network, setup.rule.among)
      ? this.#candidateFeeds(network)
      : this.#thresholdFeeds(network);
    this.#inside = searchesInside(network, setup.rule.among);
    this.#offset = contentOffset(setup.content, detector.manifest.input);
  }

  /** See MaskedDetector.picture. */
  static async open(
    detector: MaskedNetwork,
    planes: Readonly<Record<string, Tensor>>,
    setup: MaskedPictureSetup,
  ): Promise<MaskedPicture> {
    for (const { box, classIndex } of setup.targets) {
      if (!(area(box) > 0)) throw new RangeError(`a target has the box ${JSON.stringify(box)}, which has no area`);
      if (detector.manifest.classes[classIndex] === undefined)
        throw new RangeError(
          `a target has class ${classIndex} where the model has ${detector.manifest.classes.length}`,
        );
    }
    const picture = new MaskedPicture(detector, planes, setup);
    if (setup.look !== false) await picture.#lookUnmasked();
    return picture;
  }

  /** Scores every target under masks that the graph upsamples. */
  async scoreGrids({ count, rows, columns, grids, offsets, upsampled }: GridMasks): Promise<MaskScores> {
    return this.#score(this.setup.features === undefined ? 'grids' : 'features', count, {
      [names.grids]: new Tensor('float32', grids, [count, rows, columns]),
      [names.offsets]: new Tensor('float32', this.#moved(offsets), [count, 2]),
      [names.steps]: new Tensor('float32', Float32Array.of(rows / upsampled.height, columns / upsampled.width), [2]),
    });
  }

  /**
   * Scores every target under masks of the input's size.
   * @param masks [count, H, W], 0 shows the fill and 1 the picture; the padding is left alone
   * @throws Error where features are masked, which grids only can
   */
  async scoreMasks(masks: Float32Array, count: number): Promise<MaskScores> {
    if (this.setup.features !== undefined) throw new Error('features are masked by grids only');
    const { width, height } = this.#detector.manifest.input;
    return this.#score('full', count, {
      [names.masks]: new Tensor('float32', this.#movedMasks(masks, count), [count, height, width]),
    });
  }

  async #score(kind: MaskKind, count: number, masks: Record<string, Tensor>): Promise<MaskScores> {
    const { among } = this.setup.rule;
    const outputs = await this.#detector.run(kind, among, { ...this.#planes, ...masks, ...this.#targetFeeds });
    if (outputs[this.#inside ? names.ious : names.low]?.dims[0] !== count)
      throw new ExpectedError(
        'model',
        `model ${this.#detector.manifest.name} takes one picture at a time; it was given ${count}`,
        'use batches of 1, or export the model with a dynamic batch size',
      );
    return this.#inside ? this.#fromGraph(outputs, count) : this.#amongBoxes(outputs, count);
  }

  /** D-RISE compares with the class vector that the network gives the target, which is known only now. */
  async #lookUnmasked(): Promise<void> {
    const whole = { count: 1, rows: 1, columns: 1, grids: Float32Array.of(1), offsets: new Float32Array(2) };
    const masks = { ...whole, upsampled: this.#detector.manifest.input };
    const first = await this.scoreGrids(masks);
    this.unmasked = first;
    if (first.ious.every((overlap) => overlap === 0)) return;
    const classCount = this.#detector.manifest.classes.length;
    this.setup.targets.forEach((_, t) => {
      if (first.ious[t] > 0)
        this.#vectors.set(first.vectors.subarray(t * classCount, (t + 1) * classCount), t * classCount);
    });
    if (this.#inside) this.#targetFeeds[names.targetVectors] = this.#vectorTensor();
    this.unmasked = await this.scoreGrids(masks);
  }

  /** Offsets of masks over the picture as offsets of masks over the input. */
  #moved(offsets: Float32Array): Float32Array {
    const { x, y } = this.#offset;
    return x === 0 && y === 0 ? offsets : offsets.map((value, i) => value - (i % 2 === 0 ? y : x));
  }

  #movedMasks(masks: Float32Array, count: number): Float32Array {
    const { x, y } = this.#offset;
    if (x === 0 && y === 0) return masks;
    const { width, height } = this.#detector.manifest.input;
    const moved = new Float32Array(masks.length);
    for (let b = 0; b < count; b++)
      for (let row = y; row < height; row++) {
        const from = (b * height + row - y) * width;
        moved.set(masks.subarray(from, from + width - x), (b * height + row) * width + x);
      }
    return moved;
  }

  #vectorTensor(): Tensor {
    const classCount = this.#detector.manifest.classes.length;
    const unit = this.#vectors.slice();
    for (let t = 0; t < this.setup.targets.length; t++) {
      const vector = unit.subarray(t * classCount, (t + 1) * classCount);
      const length = Math.hypot(...vector);
      vector.forEach((value, c) => (vector[c] = value / length));
    }
    return new Tensor('float32', unit, [this.setup.targets.length, 1, classCount]);
  }

  #candidateFeeds({ anchors, manifest }: PlainDetector): Record<string, Tensor> {
    const { targets, rule, content } = this.setup;
    const classCount = manifest.classes.length;
    const classLayout = flatLayout(anchors, classCount, manifest.outputs.classLogits.length > 1);
    const boxLayout = flatLayout(anchors, 4, manifest.outputs.boxRegression.length > 1);
    const count = candidateCount(anchors);
    const classIndices = new Int32Array(targets.length * count * classCount);
    const boxIndices = new Int32Array(targets.length * count * 4);
    const centres = new Float32Array(targets.length * count * 2);
    const sides = new Float32Array(targets.length * count * 2);
    targets.forEach(({ box }, t) => {
      candidateAnchors(anchors, box, count).forEach((anchor, k) => {
        const place = (depth: number, d: number): number => (t * depth + d) * count + k;
        for (let c = 0; c < classCount; c++) classIndices[place(classCount, c)] = classLayout.at(anchor, c);
        for (let d = 0; d < 4; d++) boxIndices[place(4, d)] = boxLayout.at(anchor, d);
        for (let d = 0; d < 2; d++) {
          centres[place(2, d)] = anchors.boxes[4 * anchor + d];
          sides[place(2, d)] = anchors.boxes[4 * anchor + 2 + d];
        }
      });
    });
    const corners = targets.flatMap(({ box: { x1, y1, x2, y2 } }) => [y1, x1, y2, x2]);
    return {
      [names.classIndices]: new Tensor('int32', classIndices, [targets.length, classCount, count]),
      [names.boxIndices]: new Tensor('int32', boxIndices, [targets.length, 4, count]),
      [names.centres]: new Tensor('float32', centres, [targets.length, 2, count]),
      [names.sides]: new Tensor('float32', sides, [targets.length, 2, count]),
      [names.targetBoxes]: new Tensor('float32', Float32Array.from(corners), [targets.length, 4, 1]),
      [names.targetVectors]: this.#vectorTensor(),
      [names.thresholds]: new Tensor('float32', Float32Array.of(rule.scoreThreshold, rule.iouThreshold), [2]),
      [names.limits]: new Tensor('float32', Float32Array.of(content.height, content.width), [2, 1]),
    };
  }

  /** A little less than the threshold of the rule, so that rounding loses no box: the rule itself is applied outside. */
  #thresholdFeeds({ head }: MaskableNetwork): Record<string, Tensor> {
    const { scoreThreshold } = this.setup.rule;
    const least = ('probabilities' in head ? head.probabilities : head.activation === 'none')
      ? scoreThreshold
      : Math.log(scoreThreshold / (1 - scoreThreshold));
    return { [names.leastLogit]: new Tensor('float32', Float32Array.of(least - 1e-3), [1]) };
  }

  #fromGraph(outputs: InferenceSession.OnnxValueMapType, count: number): MaskScores {
    const classCount = this.#detector.manifest.classes.length;
    const ious = floats(outputs, names.ious);
    const vectors = floats(outputs, names.vectors);
    const scores = new Float32Array(ious.length);
    ious.forEach((overlap, i) => {
      if (overlap > 0) scores[i] = vectors[i * classCount + this.#classOf(i)];
      else vectors.fill(0, i * classCount, (i + 1) * classCount);
    });
    return { count, scores, ious, vectors, similarities: floats(outputs, names.similarities) };
  }

  #classOf(index: number): number {
    const { targets } = this.setup;
    return targets[index % targets.length].classIndex;
  }

  /** Looks for the targets among the boxes that left the graph: all of them, or those that suppression leaves. */
  #amongBoxes(outputs: InferenceSession.OnnxValueMapType, count: number): MaskScores {
    const { targets, rule, content } = this.setup;
    const classCount = this.#detector.manifest.classes.length;
    const length = count * targets.length;
    const ious = new Float32Array(length);
    const vectors = new Float32Array(length * classCount);
    const scores = new Float32Array(length);
    const similarities = new Float32Array(length);
    const [low, high, probabilities] = [names.low, names.high, names.probabilities].map((name) =>
      floats(outputs, name),
    );
    const perMask = low.length / 2 / count;
    const { x, y } = this.#offset;
    const { network } = this.#detector;
    const suppress = rule.among === 'nms' && ('anchors' in network || network.head.suppression === 'needed');
    for (let b = 0; b < count; b++) {
      const candidates: ClassifiedBox[] = [];
      for (let k = b * perMask; k < (b + 1) * perMask; k++) {
        const vector = probabilities.subarray(k * classCount, (k + 1) * classCount);
        const score = vector.reduce((best, value) => Math.max(best, value), 0);
        // Best first: all the others are below the threshold as well.
        if (!(score >= rule.scoreThreshold)) break;
        const [y1 = 0, x1 = 0, y2 = 0, x2 = 0] = [low[2 * k], low[2 * k + 1], high[2 * k], high[2 * k + 1]];
        const moved = { x1: x1 - x, y1: y1 - y, x2: x2 - x, y2: y2 - y };
        const box = clip(moved, content.width, content.height);
        // A box wholly in the padding; a comparison with NaN is false as well.
        if (!(area(box) > 0)) continue;
        candidates.push({ box, classIndex: vector.indexOf(score), score, probabilities: vector });
      }
      const detections = suppress
        ? nonMaximumSuppression(candidates, { iouThreshold: SUPPRESSION_IOU, maxDetections: perMask })
        : candidates;
      targets.forEach(({ box, classIndex }, t) => {
        const i = b * targets.length + t;
        similarities[i] = similarity(detections, box, this.#vectors.subarray(t * classCount, (t + 1) * classCount));
        const found = findAgain(detections, box, rule);
        if (!found) return;
        ious[i] = found.iou;
        scores[i] = found.box.probabilities[classIndex];
        vectors.set(found.box.probabilities, i * classCount);
      });
    }
    return { count, scores, ious, vectors, similarities };
  }
}

const empty = new Float32Array(0);

function floats(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`output ${name} is not float32`);
  return data;
}
