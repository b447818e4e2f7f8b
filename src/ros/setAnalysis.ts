import type { Baseline } from '../drift/baseline.js';
import { ExpectedError } from '../errors.js';
import type { FusionConfig } from '../fusion/fusionSchema.js';
import type { FusedSet } from '../fusion/spectralFusion.js';
import { observationOf } from '../perception/observation.js';
import type { ModelIdentity, PerceivedSet } from '../perception/perceivedSet.js';
import { SetFusion } from '../perception/setFusion.js';
import type { Spectrum } from '../spectrum.js';
import type { Status } from './diagnostics.js';
import { DriftWatch } from './driftWatch.js';
import type { SetFindings } from '../frameLog/frameLogTriggers.js';
import { FusedOutputs } from './fusedOutputs.js';
import type { RuntimeParameters, StartParameters } from './parameterSchema.js';
import type { Rcl, RclNode } from './rcl.js';

/** What all bands of a moment together tell: fused detections, who disagrees, what is unusual, what drifts. */
export class SetAnalysis {
  readonly #fusion: { readonly sets: SetFusion; readonly outputs: FusedOutputs } | undefined;
  readonly #drift: DriftWatch;
  readonly node: RclNode;

  /**
   * @param config how the bands are fused; without it none are
   * @throws ExpectedError `usage` where the parameters ask for fusion without it
   */
  constructor(
    rcl: Rcl,
    node: RclNode,
    config: FusionConfig | undefined,
    start: StartParameters,
    baseline: Baseline | undefined,
  ) {
    this.node = node;
    if (config) this.#fusion = { sets: new SetFusion(config), outputs: new FusedOutputs(rcl, node) };
    else refuseFusion(node);
    this.#drift = new DriftWatch(baseline, start['drift.baseline'], start['drift.window']);
  }

  modelsLoaded(models: ReadonlyMap<Spectrum, ModelIdentity>): void {
    this.#drift.modelsLoaded(models);
  }

  /** Fuses and publishes, and says what is worth keeping the set for. Never throws. */
  look(set: PerceivedSet, parameters: RuntimeParameters): Omit<SetFindings, 'detections'> {
    try {
      const fused = this.#fuse(set, parameters);
      const unusualAttention = this.#drift.observe(
        observationOf(set, fused),
        settingsOf(parameters, fused !== undefined),
        parameters['frame_log.unusual_attention'],
        process.hrtime.bigint(),
      );
      return { unusualAttention, disagreement: fused && disagreement(fused, parameters['frame_log.disagreement']) };
    } catch (error) {
      this.node.getLogger().error(`a frame set could not be analysed: ${String(error)}`);
      return {};
    }
  }

  /** Of /diagnostics; `undefined` without a baseline. */
  driftStatus(nodeName: string, limits: RuntimeParameters): Status | undefined {
    return this.#drift.status(nodeName, limits, process.hrtime.bigint());
  }

  #fuse(set: PerceivedSet, parameters: RuntimeParameters): FusedSet | undefined {
    if (!this.#fusion || !parameters['fusion.enabled']) return undefined;
    const { sets, outputs } = this.#fusion;
    const iouThreshold = parameters['fusion.iou_threshold'];
    const fused = sets.fuse(set, iouThreshold);
    outputs.publish(fused, () => sets.contributions(set, fused, iouThreshold));
    return fused;
  }
}

/** The most certain object that one band alone sees with a score above `score` while others should see it, in words. */
export function disagreement({ detections }: FusedSet, score: number): string | undefined {
  const [most] = detections
    .filter(({ supporting, silent }) => supporting.length === 1 && silent.length > 0)
    .map(({ className, members: [best], silent }) => ({ className, ...best, silent }))
    .filter((alone) => alone.score > score)
    .sort((a, b) => b.score - a.score);
  if (most === undefined) return undefined;
  return `only ${most.spectrum} sees a ${most.className} (${most.score.toFixed(2)}), ${most.silent.join(', ')} should`;
}

/** @throws ExpectedError `usage` where fusion was asked for at start; asked for later, it is refused */
function refuseFusion(node: RclNode): void {
  const reason = 'fusion.enabled cannot be true: the configuration (config_file) has no section fusion';
  if (node.getParameter('fusion.enabled').value === true)
    throw new ExpectedError(
      'usage',
      reason,
      'add the homographies of the cameras to it; config/perception.yaml shows how',
    );
  node.addOnSetParametersCallback((parameters) => {
    const wanted = parameters.some(({ name, value }) => name === 'fusion.enabled' && value === true);
    return { successful: !wanted, reason: wanted ? reason : '' };
  });
}

/** What the detections of now are made with. */
function settingsOf(parameters: RuntimeParameters, isFused: boolean) {
  return {
    scoreThreshold: parameters.score_threshold,
    iouThreshold: parameters.iou_threshold,
    maxDetections: parameters.max_detections,
    gradCam: parameters.grad_cam,
    ...(isFused && { fusionIouThreshold: parameters['fusion.iou_threshold'] }),
  };
}
