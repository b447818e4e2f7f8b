import { FUSED_TYPE, toFusedDetections } from '../messages/fusedMessages.js';
import { OUTPUT_TYPES, toDetection2DArray } from '../messages/outputMessages.js';
import type { BandContribution } from '../fusion/bandContributions.js';
import type { FusedFrames } from '../perception/setFusion.js';
import { cdrSerializer } from '../messages/cdr.js';
import { outputPublisher } from './outputPublisher.js';
import type { Rcl, RclNode, RclPublisher } from './rcl.js';

const serializeDetections = cdrSerializer(OUTPUT_TYPES.detections);
const serializeSupported = cdrSerializer(FUSED_TYPE);

/** Publishers of what all bands together see: `~/fused/detections`, and with who supports each box `~/fused/supported`. */
export class FusedOutputs {
  readonly #detections: RclPublisher;
  readonly #supported: RclPublisher;

  constructor(rcl: Rcl, node: RclNode) {
    const publish = (type: string, name: string): RclPublisher =>
      outputPublisher(rcl, node, type, `~/fused/${name}`, 10);
    this.#detections = publish(OUTPUT_TYPES.detections, 'detections');
    this.#supported = publish(FUSED_TYPE, 'supported');
  }

  /** @param contributions asked only while somebody listens */
  publish(fused: FusedFrames, contributions: () => BandContribution[][]): void {
    this.#detections.publish(serializeDetections(toDetection2DArray(fused.header, fused.detections)));
    if (this.#supported.subscriptionCount > 0)
      this.#supported.publish(serializeSupported(toFusedDetections(fused.header, fused, contributions())));
  }
}
