import { MaskedDetector } from '../../src/explain/network/maskedDetector.js';
import type { Detection } from '../../src/detector/detection.js';
import { EfficientDet } from '../../src/detector/efficientDet.js';
import { testPicture } from '../../src/detector/inputTensors.js';
import type { MaskedPictureSetup } from '../../src/explain/network/maskedPicture.js';
import { ExpectedError } from '../../src/errors.js';
import { openExplainer } from '../../src/explain/run/explainerPool.js';
import { gridBatch } from '../../src/explain/run/gridBatch.js';
import { presetSettings, type SettingsOf } from '../../src/explain/settings.js';
import { MaskStream } from '../../src/explain/masks/maskStream.js';
import { openBareSession } from './bareSession.js';
import { comparedRow, plainRow, type Bench, type BenchRow } from './benchRow.js';
import { compare, interleave } from './interleave.js';

/** Boxes that live RISE scores in a pass. */
const BOXES = 10;
const THREADS = 0;
/** Rounds of whole explanations, which take as long as tens of passes. */
const WHOLE_ROUNDS = 5;

/**
 * A whole SIDU map of one box, from pixels to map with everything between, against one bare `session.run`, and a pass of live
 * RISE (masking the backbone's maps, pyramid, heads, finding ten boxes again) and whole explanations by masks against the same, in turns.
 */
export const siduAndLive: Bench = async ({ model, rounds, time }) => {
  const plain = await EfficientDet.load(model, { threads: THREADS });
  const { input, name, classes } = plain.manifest;
  const pixels = testPicture(input);
  const { detections } = await plain.detect(pixels, input, { scoreThreshold: 0, maxDetections: BOXES });
  await plain.close();
  const bare = await openBareSession(model, THREADS);
  try {
    const targets = detections.map(({ box, classIndex }) => ({ box, classIndex }));
    return [...(await liveRows()), ...(await wholeRows()), ...(await siduRows())];

    async function liveRows(): Promise<BenchRow[]> {
      const detector = await MaskedDetector.load(model, { threads: THREADS });
      const { grid, probability, sampler, target: rule } = presetSettings('live-rise');
      const fill = new Uint8Array(pixels.length);
      const setup: MaskedPictureSetup = { pixels, fill, content: input, targets, rule, look: false, features: 'fill' };
      const picture = await detector.picture(setup);
      const stream = new MaskStream({
        seed: 1,
        content: input,
        grid,
        probability,
        sampler,
        targets: [detections[0].box],
      });
      let index = 0;
      const live = async (): Promise<void> => {
        await picture.scoreGrids(gridBatch(stream, index++, 1));
      };
      const timings = await interleave(
        { bare: () => bare.run(), live, begin: () => detector.picture(setup) },
        rounds,
        time,
      );
      await detector.close();
      return [
        comparedRow(`a live RISE pass, ${BOXES} boxes / bare session.run`, 'ms', compare(timings.live, timings.bare)),
        comparedRow('live RISE: taking up a picture / bare session.run', 'ms', compare(timings.begin, timings.bare)),
      ];
    }

    /** Maps of ten boxes as a user gets them: all passes of a preset, in workers, and the estimates. */
    async function wholeRows(): Promise<BenchRow[]> {
      const explainer = await openExplainer(model);
      const explain = async (method: 'rise' | 'live-rise'): Promise<void> => {
        const request = { input: pixels, size: input, targets: detections, seed: 1, settings: presetSettings(method) };
        for await (const result of explainer.explain(request)) if (result.complete) return;
      };
      const timings = await interleave(
        { bare: () => bare.run(), rise: () => explain('rise'), live: () => explain('live-rise') },
        Math.min(rounds, WHOLE_ROUNDS),
        time,
      );
      await explainer.close();
      return [
        comparedRow(`RISE maps of ${BOXES} boxes / bare session.run`, 'ms', compare(timings.rise, timings.bare)),
        comparedRow(`live RISE maps of ${BOXES} boxes / bare session.run`, 'ms', compare(timings.live, timings.bare), {
          limit: 60,
          side: 'at most',
        }),
      ];
    }

    async function siduRows(): Promise<BenchRow[]> {
      const explainer = await openExplainer(model);
      const rule = { among: 'anchors', scoreThreshold: 0, iouThreshold: 0.5 } as const;
      const paper = presetSettings('sidu', 'paper');
      // Stretched masks are all different: as many passes as channels.
      const full = { ...paper, output: 'class', masks: 'stretched', mapStride: 4, target: rule } as const;
      /** Makes a map of one box; returns the passes. */
      const explain = async ({ box, classIndex, score }: Detection, settings: SettingsOf<'sidu'>): Promise<number> => {
        const target = { box, classIndex, score, className: classes[classIndex] };
        const request = { input: pixels, size: input, targets: [target], seed: 1, settings };
        let passes = 0;
        for await (const result of explainer.explain(request)) passes = result.passes;
        return passes;
      };
      // An untrained network's boxes stray from their anchors: such a box is not found again and costs nothing.
      let found: { target: Detection; passes: number } | undefined;
      for (const target of detections) {
        const passes = await explain(target, full);
        if (passes <= 1) continue;
        found = { target, passes };
        break;
      }
      if (!found)
        throw new ExpectedError('model', `none of ${name}'s boxes is found again`, 'bench with a trained model');
      const { target, passes: fullPasses } = found;
      const contestants = {
        bare: () => bare.run(),
        full: () => explain(target, full),
      };
      const timings = await interleave(contestants, Math.min(rounds, WHOLE_ROUNDS), time);
      await explainer.close();
      return [
        comparedRow(
          `a SIDU map of ${name}, all channels / bare session.run`,
          'ms',
          compare(timings.full, timings.bare),
          {
            limit: 70,
            side: 'at most',
          },
        ),
        plainRow('  its passes', 'passes', fullPasses),
      ];
    }
  } finally {
    await bare.close();
  }
};
