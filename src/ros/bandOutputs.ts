import {
  OUTPUT_TYPES,
  toCompressedImage,
  toDetection2DArray,
  toExplainedDetections,
  toImage,
} from '../messages/outputMessages.js';
import { toRosTime } from '../messages/rosTime.js';
import type { Pixels } from '../images/pixels.js';
import type { ExplainedDetection } from '../perception/protocol.js';
import type { FrameHeader } from '../perception/perceivedSet.js';
import type { Spectrum } from '../spectrum.js';
import { cdrSerializer } from '../messages/cdr.js';
import { explainedRecords } from '../messages/explainedRecords.js';
import { outputPublisher } from './outputPublisher.js';
import type { Rcl, RclNode, RclPublisher } from './rcl.js';

const IMAGE_TYPE = 'sensor_msgs/msg/Image';

const serializeDetections = cdrSerializer(OUTPUT_TYPES.detections);
const serializeExplained = cdrSerializer(OUTPUT_TYPES.explained);
const serializeImage = cdrSerializer(IMAGE_TYPE);
const serializeCompressed = cdrSerializer(OUTPUT_TYPES.overlay);

/** The model behind a band, as its info topics describe it. */
export interface ModelDescription {
  readonly name: string;
  readonly sha256: string;
  readonly manifestPath: string;
  readonly classes: readonly string[];
}

/**
 * Publishers of one band below the node's private namespace: `~/<band>/detections`, `…/explained`, `…/overlay` (raw and compressed),
 * `…/vision_info` and `…/label_info`.
 */
export class BandOutputs {
  readonly #detections: RclPublisher;
  readonly #explained: RclPublisher;
  readonly #overlay: RclPublisher;
  readonly #compressedOverlay: RclPublisher;
  readonly #visionInfo: RclPublisher;
  readonly #labelInfo: RclPublisher;
  readonly spectrum: Spectrum;

  constructor(rcl: Rcl, node: RclNode, spectrum: Spectrum) {
    this.spectrum = spectrum;
    const publish = (type: string, name: string, depth: number, latched = false): RclPublisher =>
      outputPublisher(rcl, node, type, `~/${spectrum}/${name}`, depth, latched);
    this.#detections = publish(OUTPUT_TYPES.detections, 'detections', 10);
    this.#explained = publish(OUTPUT_TYPES.explained, 'explained', 10);
    this.#overlay = publish(IMAGE_TYPE, 'overlay', 1);
    this.#compressedOverlay = publish(OUTPUT_TYPES.overlay, 'overlay/compressed', 1);
    this.#visionInfo = publish('vision_msgs/msg/VisionInfo', 'vision_info', 1, true);
    this.#labelInfo = publish('vision_msgs/msg/LabelInfo', 'label_info', 1, true);
  }

  /** The detections at once, whether or not anybody listens: their lateness is what counts. */
  publishDetections(frame: FrameHeader, detections: readonly ExplainedDetection[]): void {
    this.#detections.publish(serializeDetections(toDetection2DArray(frame, detections)));
  }

  /** @param withMaps whether the saliency maps travel too */
  publishExplained(
    frame: FrameHeader,
    detections: readonly ExplainedDetection[],
    made: { readonly modelSha256: string; readonly variant: string },
    withMaps: boolean,
  ): void {
    if (this.#explained.subscriptionCount === 0) return;
    const records = explainedRecords(detections, withMaps);
    const description = { spectrum: this.spectrum, method: 'grad-cam', ...made };
    this.#explained.publish(serializeExplained(toExplainedDetections(frame, description, records)));
  }

  /** Which pictures of the overlay somebody wants. */
  get overlayWanted(): { readonly raw: boolean; readonly compressed: boolean } {
    return { raw: this.#overlay.subscriptionCount > 0, compressed: this.#compressedOverlay.subscriptionCount > 0 };
  }

  publishOverlay(frame: FrameHeader, picture: Pixels): void {
    this.#overlay.publish(serializeImage(toImage(frame, { ...picture, encoding: 'rgb8' })));
  }

  publishCompressedOverlay(frame: FrameHeader, jpeg: Uint8Array): void {
    this.#compressedOverlay.publish(serializeCompressed(toCompressedImage(frame, 'jpeg', jpeg)));
  }

  /** Who detects here and what its classes are called; kept for late subscribers. */
  publishInfo(stampNs: bigint, frameId: string, model: ModelDescription, scoreThreshold: number): void {
    const header = { stamp: toRosTime(stampNs), frame_id: frameId };
    this.#visionInfo.publish({
      header,
      method: `${model.name} (sha256 ${model.sha256})`,
      database_location: model.manifestPath,
      database_version: 1,
    });
    const classMap = model.classes.map((name, index) => ({ class_id: index, class_name: name }));
    this.#labelInfo.publish({ header, class_map: classMap, threshold: scoreThreshold });
  }
}
