import { MaskedDetector } from '../../src/explain/network/maskedDetector.js';
import type { MaskedPicture } from '../../src/explain/network/maskedPicture.js';
import { EfficientDet } from '../../src/detector/efficientDet.js';
import { testPicture } from '../../src/detector/inputTensors.js';
import { estimateOf } from '../../src/explain/estimates/estimateOf.js';
import { gridBatch } from '../../src/explain/run/gridBatch.js';
import { presetSettings } from '../../src/explain/settings.js';
import { MaskStream } from '../../src/explain/masks/maskStream.js';
import type { MapEstimate } from '../../src/explain/estimates/riseEstimate.js';
import { openBareSession } from './bareSession.js';
import { comparedRow, plainRow, type Bench, type BenchRow } from './benchRow.js';
import { compare, interleave } from './interleave.js';

/** Boxes that are explained at once. */
const BOXES = 10;
const THREADS = 0;

interface Contestant {
  readonly estimate: MapEstimate;
  readonly pass: () => Promise<void>;
}

/**
 * One RISE pass, everything included (drawing and upsampling the mask, masking, the network, finding ten boxes again, adding
 * to their maps), against one bare `session.run` of the same network on the same threads, in turns.
 */
export const explain: Bench = async ({ model, rounds, time }) => {
  const bare = await openBareSession(model, THREADS);
  const detector = await MaskedDetector.load(model, { threads: THREADS });
  const { input } = detector.manifest;
  const pixels = testPicture(input);
  const plain = await EfficientDet.load(model, { threads: THREADS });
  const { detections } = await plain.detect(pixels, input, { scoreThreshold: 0, maxDetections: BOXES });
  await plain.close();
  const rows: BenchRow[] = [];
  const stateBytes: Record<string, number> = {};
  for (const among of ['anchors', 'nms'] as const) {
    const picture = await detector.picture({
      pixels,
      fill: new Uint8Array(pixels.length),
      content: input,
      targets: detections,
      rule: { among, scoreThreshold: 0.05, iouThreshold: 0.5 },
    });
    // Every box is found in every pass: the most that adding to the maps can cost.
    const contestants = {
      default: contestant(picture, 'default'),
      paper: contestant(picture, 'paper'),
    };
    const timings = await interleave(
      { bare: () => bare.run(), default: contestants.default.pass, paper: contestants.paper.pass },
      rounds,
      time,
    );
    for (const preset of ['default', 'paper'] as const)
      rows.push(
        comparedRow(
          `a RISE pass, ${preset} maps, ${BOXES} boxes found among ${among} / bare session.run`,
          'ms',
          compare(timings[preset], timings.bare),
          preset === 'default' ? { limit: 1.05, side: 'at most' } : undefined,
        ),
      );
  }
  for (const [preset, bytes] of Object.entries(stateBytes))
    rows.push(plainRow(`state of ${BOXES} boxes, ${preset}, whatever the number of masks`, 'MB', bytes / 1e6));
  await bare.close();
  await detector.close();
  return rows;

  function contestant(picture: MaskedPicture, preset: 'default' | 'paper'): Contestant {
    const settings = presetSettings('rise', preset);
    const { grid, probability, sampler } = settings;
    const targets = detections.map(({ box }) => box);
    const stream = new MaskStream({ seed: 1, content: input, grid, probability, sampler, targets });
    const estimate = estimateOf(settings, stream, BOXES);
    stateBytes[preset] = estimate.save().reduce((sum, array) => sum + array.byteLength, 0);
    return {
      estimate,
      pass: async () => {
        const index = estimate.passes;
        const { ious } = await picture.scoreGrids(gridBatch(stream, index, 1));
        estimate.add(
          stream.mask(index),
          ious.map(() => 0.5),
        );
      },
    };
  }
};
