import type { AnchorRef } from '../../detector/detection.js';
import { featureTensors } from '../network/featureGraph.js';
import type { LevelFeatures } from '../../detector/featureMaps.js';
import { flatLayout } from '../../detector/flatOutputs.js';
import { tensorNames } from '../../detector/composedDetector.js';
import type { MaskedDetector } from '../network/maskedDetector.js';
import type { MaskedTarget, SearchRule } from '../network/maskedPicture.js';
import { targetSource } from '../network/targetSource.js';
import type { Size } from '../../geometry/letterbox.js';
import { featureMasks, type FeatureMaskKind } from './featureMasks.js';
import { distinctMasks, type DistinctMasks } from './distinctMasks.js';

/** SIDU's masks of one pyramid level, for the targets whose boxes its anchors made. */
export interface SiduLevel extends DistinctMasks {
  readonly level: number;
  readonly rows: number;
  readonly columns: number;
  /** Indices of the targets. */
  readonly targets: readonly number[];
}

export interface SiduMaskSetup {
  /** uint8 [H, W, 3], RGB, resized to the model's input. */
  readonly pixels: Uint8Array;
  readonly content: Size;
  /** In input pixels. */
  readonly targets: readonly MaskedTarget[];
  readonly rule: SearchRule;
  readonly masks: FeatureMaskKind;
}

/**
 * Runs the picture once and makes masks of the class head's features, of those levels whose anchors made the targets' boxes:
 * boxes of one level share their masks. Targets that the network does not find are on no level.
 */
export async function siduMasks(detector: MaskedDetector, setup: SiduMaskSetup): Promise<SiduLevel[]> {
  const outputs = await detector.unmasked(setup.pixels, setup.content);
  const values = (name: string): Float32Array => outputs[name].data as Float32Array;
  const sources = targetSources(detector, setup, values(featureTensors.logits), values(featureTensors.regression));
  return detector.anchors.levels.flatMap(({ level }) => {
    const targets = sources.flatMap((source, t) => (source?.level === level ? [t] : []));
    if (targets.length === 0) return [];
    const { dims } = outputs[tensorNames.features(level)];
    const [, channels = 0, rows = 0, columns = 0] = dims;
    const features: LevelFeatures = { level, channels, rows, columns, data: values(tensorNames.features(level)) };
    return [{ level, rows, columns, targets, ...distinctMasks(featureMasks(features, setup.masks), rows * columns) }];
  });
}

function targetSources(
  { plain }: MaskedDetector,
  { targets, content, rule }: SiduMaskSetup,
  logits: Float32Array,
  regression: Float32Array,
): (AnchorRef | undefined)[] {
  const { anchors, manifest } = plain;
  const classCount = manifest.classes.length;
  const classAt = flatLayout(anchors, classCount, manifest.outputs.classLogits.length > 1).at;
  const boxAt = flatLayout(anchors, 4, manifest.outputs.boxRegression.length > 1).at;
  const score = (anchor: number): number => {
    let best = -Infinity;
    for (let c = 0; c < classCount; c++) best = Math.max(best, logits[classAt(anchor, c)]);
    return plain.head.probabilities ? best : 1 / (1 + Math.exp(-best));
  };
  const delta = (anchor: number, coordinate: number): number => regression[boxAt(anchor, coordinate)];
  return targets.map(({ box }) => targetSource(box, { score, delta }, anchors, content, rule));
}
