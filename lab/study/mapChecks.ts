import type { ExplainTarget } from '../../src/explain/explanation.js';
import type { ExplainSettings } from '../../src/explain/settings.js';
import { Random } from '../scenes/random.js';
import type { Box } from '../../src/geometry/box.js';
import { agreementUnderShift, pearson } from '../../src/maps/mapAgreement.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { upsample } from '../../src/maps/upsample.js';
import type { StudyMethod } from './methods.js';
import type { NetworkBench, SourcePixels } from './networkBench.js';
import type { MethodFigures } from './record.js';
import type { StudySettings } from './settings.js';

export interface CheckInput {
  readonly bench: NetworkBench;
  readonly shuffled: NetworkBench | undefined;
  readonly picture: SourcePixels;
  /** Decides everything random about the picture. */
  readonly seed: number;
  readonly target: ExplainTarget;
  readonly method: StudyMethod;
  /** The method's map of the picture as it is. */
  readonly map: SaliencyMap;
  readonly settings: StudySettings;
}

export interface CheckResult {
  readonly figures: Pick<MethodFigures, 'shiftStability' | 'noiseStability' | 'randomised'>;
  readonly passes: number;
}

/** Explains the picture again where it is moved, noisier, or seen by a shuffled network, and compares the maps. */
export async function checkMap(input: CheckInput): Promise<CheckResult> {
  const { bench, shuffled, picture, seed, target, method, settings } = input;
  const own = method.settings;
  if (own.method === 'box' || own.method === 'random') return { figures: {}, passes: 0 };
  const { size } = picture;
  const whole = upsample(input.map, size.width, size.height);
  // Nothing can be said about a map that says nothing: a correlation of 0 would pass for an answer.
  if (isFlat(whole)) return { figures: {}, passes: 0 };
  let passes = 0;
  const mapOf = async (
    network: NetworkBench,
    seen: SourcePixels,
    box: Box,
    how: ExplainSettings,
  ): Promise<SaliencyMap | undefined> => {
    const made = await network.explain(seen, { ...target, box }, how, seed);
    passes += made.passes;
    return isFlat(made.map) ? undefined : upsample(made.map, size.width, size.height);
  };
  const figures: { shiftStability?: number; noiseStability?: number; randomised?: number } = {};
  if (settings.stability) {
    const { shift, noise } = settings.stability;
    const { box } = target;
    // Towards the middle, so that a box at the border stays in the picture.
    const dx = box.x1 + box.x2 < size.width ? shift : -shift;
    const dy = box.y1 + box.y2 < size.height ? shift : -shift;
    const movedBox = { x1: box.x1 + dx, y1: box.y1 + dy, x2: box.x2 + dx, y2: box.y2 + dy };
    const moved = await mapOf(bench, movedPicture(picture, dx, dy), movedBox, own);
    if (moved) figures.shiftStability = agreementUnderShift(whole, moved, dx, dy);
    const noisy = await mapOf(bench, noisyPicture(picture, noise, seed), box, own);
    if (noisy) figures.noiseStability = pearson(whole.values, noisy.values);
  }
  if (shuffled) {
    const other = await mapOf(shuffled, picture, target.box, findingAnything(own));
    if (other) figures.randomised = pearson(whole.values, other.values);
  }
  return { figures, passes };
}

/** As where the target was lost in every pass. */
function isFlat({ values }: SaliencyMap): boolean {
  return values.every((value) => value === values[0]);
}

/** The picture moved right and down by whole pixels (left and up by negative ones), its border repeated. */
export function movedPicture({ pixels, size }: SourcePixels, dx: number, dy: number): SourcePixels {
  const moved = new Uint8Array(pixels.length);
  const inside = (at: number, length: number): number => Math.min(Math.max(at, 0), length - 1);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const from = (inside(y - dy, size.height) * size.width + inside(x - dx, size.width)) * 3;
      const to = (y * size.width + x) * 3;
      for (let c = 0; c < 3; c++) moved[to + c] = pixels[from + c];
    }
  return { pixels: moved, size };
}

/**
 * The picture with Gaussian noise, the same on all channels, as infrared pictures have one.
 * @param deviation in grey levels
 */
export function noisyPicture({ pixels, size }: SourcePixels, deviation: number, seed: number): SourcePixels {
  const random = new Random(seed, 'picture noise');
  const noisy = new Uint8ClampedArray(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    const add = deviation * random.gaussian();
    for (let c = 0; c < 3; c++) noisy[i + c] = pixels[i + c] + add;
  }
  return { pixels: Uint8Array.from(noisy), size };
}

/** A shuffled network has no confident boxes: its target is whatever lies where the target was. */
function findingAnything(settings: ExplainSettings): ExplainSettings {
  if (!('target' in settings)) return settings;
  return { ...settings, target: { among: 'anchors', scoreThreshold: 0, iouThreshold: 0 } };
}
