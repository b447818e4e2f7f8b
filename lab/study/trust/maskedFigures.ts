import type { MaskedDetector } from '../../../src/explain/network/maskedDetector.js';
import type { MaskedPicture, MaskedPictureSetup } from '../../../src/explain/network/maskedPicture.js';
import { estimateOf, mapSize } from '../../../src/explain/estimates/estimateOf.js';
import { gridBatch } from '../../../src/explain/run/gridBatch.js';
import { fillPicture } from '../../../src/explain/run/fillPicture.js';
import type { ModelPicture } from '../modelPicture.js';
import type { SettingsOf } from '../../../src/explain/settings.js';
import { toInput } from '../../../src/geometry/letterbox.js';
import { attentionFigures, type AttentionFigures } from '../../../src/maps/attention.js';
import type { Detection } from '../../../src/detector/detection.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import type { MaskedFigures, TrustDetection } from './record.js';
import { SURVIVAL_PROBABILITY } from './settings.js';

export interface MaskCounts {
  /** For the RISE maps. */
  readonly masks: number;
  readonly survivalMasks: number;
}

type RiseSettings = SettingsOf<'rise'> | SettingsOf<'live-rise'>;

/** The survival masks are other ones than RISE's. */
const SURVIVAL_STREAM = 0x5bd1e995;

/**
 * What masked passes say of every detection of a picture: one stream of RISE masks and one of survival masks serve them all. Masks
 * act on the backbone's features where the settings are those of live RISE, else on the picture.
 */
export async function maskedFigures(
  detector: MaskedDetector,
  laid: ModelPicture,
  detections: readonly Detection[],
  how: RiseSettings,
  { masks, survivalMasks }: MaskCounts,
  seed: number,
): Promise<MaskedFigures[]> {
  const { content } = laid.placed;
  const targets = detections.map(({ box, classIndex }) => ({ box: toInput(box, laid.placed), classIndex }));
  const setup: MaskedPictureSetup = {
    pixels: laid.pixels,
    fill: fillPicture(laid.pixels, laid.placed, how.fill),
    content,
    targets,
    rule: how.target,
    look: false,
    ...(how.method === 'live-rise' && { features: how.ground }),
  };
  const picture = await detector.picture(setup);
  const boxes = targets.map(({ box }) => box);
  const { grid, probability, sampler } = how;
  const shared = { content, grid, targets: boxes };

  const stream = new MaskStream({ ...shared, seed, probability, sampler });
  const estimate = estimateOf(how, stream, targets.length);
  for (let i = 0; i < masks; i++)
    estimate.add(stream.mask(i), (await picture.scoreGrids(gridBatch(stream, i, 1))).scores);
  const map = mapSize(content, how);

  const survived = await survival(
    picture,
    new MaskStream({
      ...shared,
      seed: (seed ^ SURVIVAL_STREAM) >>> 0,
      probability: SURVIVAL_PROBABILITY,
      sampler: 'plain',
    }),
    survivalMasks,
  );
  return boxes.map((box, t) => ({
    rise: asNumbers(attentionFigures({ ...map, values: estimate.map(t) }, box, content.width, content.height)),
    ...survived[t],
  }));
}

async function survival(
  picture: MaskedPicture,
  stream: MaskStream,
  masks: number,
): Promise<Pick<MaskedFigures, 'found' | 'meanScore'>[]> {
  const found = new Float64Array(picture.setup.targets.length);
  const sums = new Float64Array(found.length);
  for (let i = 0; i < masks; i++) {
    const { scores, ious } = await picture.scoreGrids(gridBatch(stream, i, 1));
    for (let t = 0; t < found.length; t++) {
      if (ious[t] > 0) found[t]++;
      sums[t] += scores[t];
    }
  }
  return Array.from(found, (count, t) => ({ found: count / masks, meanScore: sums[t] / masks }));
}

/** As a record holds them. */
export function asNumbers({
  energyInBox,
  energyGain,
  peakInBox,
}: AttentionFigures): TrustDetection['gradCam']['study'] {
  return { energyInBox, energyGain, peakInBox: Number(peakInBox) };
}
