import { MaskedDetector } from '../src/detector/maskedDetector.js';
import type { MaskedPicture } from '../src/detector/maskedPicture.js';
import { EfficientDet } from '../src/detector/efficientDet.js';
import { testPicture } from '../src/detector/inputTensors.js';
import { gridBatch } from '../src/explain/gridBatch.js';
import { presetSettings } from '../src/explain/settings.js';
import { MaskStream } from '../src/saliency/maskStream.js';
import { RiseEstimate } from '../src/saliency/riseEstimate.js';
import { openBareSession } from './bareSession.js';
import { comparedRow, plainRow, type Bench, type BenchRow } from './benchRow.js';
import { compare, interleave } from './interleave.js';

/** Boxes that are explained at once. */
const BOXES = 10;
const THREADS = 0;

interface Contestant {
  readonly estimate: RiseEstimate;
  readonly pass: () => Promise<void>;
}

/**
 * One RISE pass, everything included (drawing and upsampling the mask, masking, the network, finding ten boxes again, adding
 * to their maps), against one bare `session.run` of the same network on the same threads, in turns.
 */
export const explain: Bench = async ({ model, rounds }) => {
  const bare = await openBareSession(model, THREADS);
  const detector = await MaskedDetector.load(model, { threads: THREADS });
  const { input } = detector.manifest;
  const pixels = testPicture(input);
  const plain = await EfficientDet.load(model, { threads: THREADS });
  const { detections } = await plain.detect(pixels, input, { scoreThreshold: 0, maxDetections: BOXES });
  await plain.close();
  const rows: BenchRow[] = [];
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
  rows.push(plainRow(`state of ${BOXES} boxes, whatever the number of masks`, 'MB', stateBytes() / 1e6));
  await bare.close();
  await detector.close();
  return rows;

  function stateBytes(): number {
    const estimate = estimateOf('default');
    return estimate.save().reduce((sum, array) => sum + array.byteLength, 0);
  }

  function estimateOf(preset: 'default' | 'paper'): RiseEstimate {
    const { mapStride, probability } = presetSettings('rise', preset);
    const side = { width: Math.ceil(input.width / mapStride), height: Math.ceil(input.height / mapStride) };
    return new RiseEstimate({ ...side, content: input }, probability, 1, BOXES);
  }

  function contestant(picture: MaskedPicture, preset: 'default' | 'paper'): Contestant {
    const { grid, probability, sampler } = presetSettings('rise', preset);
    const targets = detections.map(({ box }) => box);
    const stream = new MaskStream({ seed: 1, content: input, grid, probability, sampler, targets });
    const estimate = estimateOf(preset);
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
