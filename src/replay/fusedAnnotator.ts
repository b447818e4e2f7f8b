import type { BagWriter } from '../bag/bagWriter.js';
import { FUSED_TYPE, toFusedDetections } from '../messages/fusedMessages.js';
import { OUTPUT_TYPES, toDetection2DArray, toImageAnnotations } from '../messages/outputMessages.js';
import type { BandContribution } from '../fusion/bandContributions.js';
import type { FusedFrames } from '../perception/setFusion.js';
import { classColour } from './annotator.js';

/** Topics that a replay adds where the bands are fused. */
export const FUSED_TOPICS = {
  detections: '/multispectral_saliency/fused/detections',
  annotations: '/multispectral_saliency/fused/annotations',
  supported: '/multispectral_saliency/fused/supported',
} as const;

/** Writes fused detections beside the recorded messages: as boxes, as annotations of the reference band's images, and with who supports them. */
export class FusedAnnotator {
  readonly bag: BagWriter;

  constructor(bag: BagWriter) {
    this.bag = bag;
  }

  /** Announces the topics, so that they exist even where nothing is detected. */
  async announce(): Promise<void> {
    await this.bag.addTopic({ name: FUSED_TOPICS.detections, type: OUTPUT_TYPES.detections });
    await this.bag.addTopic({ name: FUSED_TOPICS.annotations, type: OUTPUT_TYPES.annotations });
    await this.bag.addTopic({ name: FUSED_TOPICS.supported, type: FUSED_TYPE });
  }

  /**
   * @param contributions of each fused detection
   * @param logTimeNs when the set was complete, on the bag's clock
   */
  async write(fused: FusedFrames, contributions: readonly BandContribution[][], logTimeNs: bigint): Promise<void> {
    const { header, detections, classes } = fused;
    const annotations = toImageAnnotations(header, detections, ({ className }) =>
      classColour(classes.indexOf(className)),
    );
    await this.bag.writeMessage(FUSED_TOPICS.detections, logTimeNs, toDetection2DArray(header, detections));
    await this.bag.writeMessage(FUSED_TOPICS.annotations, logTimeNs, annotations);
    await this.bag.writeMessage(FUSED_TOPICS.supported, logTimeNs, toFusedDetections(header, fused, contributions));
  }
}
