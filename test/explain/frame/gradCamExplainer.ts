import { setTimeout as sleep } from 'node:timers/promises';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import type { Explainer, Explanation, ExplainRequest } from '../../../src/explain/explanation.js';
import { gradCam } from '../../../src/perception/gradCam.js';
import { iou } from '../../../src/geometry/box.js';

/** How many steps an explanation is told in, and how long each takes. */
export interface Steps {
  readonly count: number;
  readonly milliseconds: number;
}

/**
 * An explainer for tests of what is around explainers: the detector's real Grad-CAM, given in steps as a sampling method would, in the
 * caller's thread. A target gets the map of the detection that overlaps it best.
 */
export async function openTestExplainer(
  manifestPath: string,
  _options: object = {},
  steps: Steps = {
    count: Number(process.env['MSAL_TEST_STEPS'] ?? 4),
    milliseconds: Number(process.env['MSAL_TEST_STEP_MS'] ?? 20),
  },
): Promise<Explainer> {
  const detector = await EfficientDet.load(manifestPath, { threads: 1 });
  const { manifest, classHead } = detector;
  async function* explain(request: ExplainRequest, signal?: AbortSignal): AsyncGenerator<Explanation> {
    const { input, size, targets } = request;
    const { detections, featureMaps } = await detector.detect(input, size, { scoreThreshold: 0, maxDetections: 100 });
    const chosen = targets.map(
      (target) => [...detections].sort((a, b) => iou(b.box, target.box) - iou(a.box, target.box))[0],
    );
    const inputs = { featureMaps, classHead, classCount: manifest.classes.length, letterbox: detector.letterbox(size) };
    const maps = await gradCam(chosen, inputs, 'usual');
    for (let step = 1; step <= steps.count; step++) {
      await sleep(steps.milliseconds);
      signal?.throwIfAborted();
      yield {
        passes: step,
        plannedPasses: steps.count,
        converged: false,
        complete: step === steps.count,
        request,
        model: { name: manifest.name, sha256: manifest.sha256, provider: 'cpu' },
        madeAtNs: BigInt(Date.now()) * 1_000_000n,
        targets: maps.map((map) => ({
          map,
          standardError: { ...map, values: map.values.map(Math.sqrt) },
          lost: 1,
          convergence: 0.5,
        })),
      };
    }
  }
  return { manifest, provider: 'cpu', explain, close: () => detector.close() };
}
