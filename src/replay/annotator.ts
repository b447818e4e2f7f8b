import { pyramidLevel } from '../detector/detection.js';
import { BagWriter } from '../bag/bagWriter.js';
import {
  OUTPUT_TYPES,
  toCompressedImage,
  toDetection2DArray,
  toExplainedDetections,
  toImageAnnotations,
  type Colour,
  type DetectionRecord,
  type ExplainedRecord,
} from '../messages/outputMessages.js';
import type { ExplainedDetection } from '../perception/protocol.js';
import type { PerceivedFrame } from '../perception/perceivedSet.js';
import type { Spectrum } from '../spectrum.js';
import { classColor } from '../images/classColor.js';

/** Topics that a replay adds for one band. */
export function annotationTopics(spectrum: Spectrum): Readonly<Record<keyof typeof OUTPUT_TYPES, string>> {
  const base = `/multispectral_saliency/${spectrum}`;
  return {
    detections: `${base}/detections`,
    overlay: `${base}/overlay/compressed`,
    annotations: `${base}/annotations`,
    explained: `${base}/explained`,
  };
}

export interface AnnotatorOptions {
  /** Grad-CAM variant that made the maps, as the messages name it. */
  readonly variant: string;
  /** Whether the explained detections carry their maps; a map has at most 64 × 64 values. */
  readonly maps: boolean;
}

/** Writes what was perceived beside the recorded messages. */
export class Annotator {
  readonly bag: BagWriter;
  readonly options: AnnotatorOptions;

  constructor(bag: BagWriter, options: AnnotatorOptions) {
    this.bag = bag;
    this.options = options;
  }

  /** Announces the topics of the bands, so that they exist even where nothing is detected. */
  async announce(spectra: Iterable<Spectrum>): Promise<void> {
    for (const spectrum of spectra) {
      const topics = annotationTopics(spectrum);
      for (const kind of Object.keys(OUTPUT_TYPES) as (keyof typeof OUTPUT_TYPES)[])
        await this.bag.addTopic({ name: topics[kind], type: OUTPUT_TYPES[kind] });
    }
  }

  /** Writes the messages of one frame, logged at the time at which its image was. */
  async write({ header: frame, detections, model, pictures }: PerceivedFrame): Promise<void> {
    const { stampNs, frameId, spectrum, receivedNs } = frame;
    const header = { stampNs, frameId };
    const topics = annotationTopics(spectrum);
    const made = { spectrum, modelSha256: model.sha256, method: 'grad-cam', variant: this.options.variant };
    const colourOf = ({ className }: DetectionRecord): Colour => classColour(model.classes.indexOf(className));
    await this.bag.writeMessage(topics.detections, receivedNs, toDetection2DArray(header, detections));
    await this.bag.writeMessage(topics.annotations, receivedNs, toImageAnnotations(header, detections, colourOf));
    const explained = detections.map((detection) => explainedRecord(detection, this.options.maps));
    await this.bag.writeMessage(topics.explained, receivedNs, toExplainedDetections(header, made, explained));
    if (pictures?.overlay !== undefined)
      await this.bag.writeMessage(topics.overlay, receivedNs, toCompressedImage(header, 'jpeg', pictures.overlay));
  }
}

function explainedRecord({ attention, map, source, ...detection }: ExplainedDetection, maps: boolean): ExplainedRecord {
  const { energyInBox, energyGain, peakInBox } = attention ?? { energyInBox: 0, energyGain: 0, peakInBox: false };
  return {
    ...detection,
    level: pyramidLevel(source),
    energyInBox,
    energyGain,
    peakInBox,
    ...(maps && map ? { map } : {}),
  };
}

/** Colour of a class as annotations have it. */
export function classColour(classIndex: number): Colour {
  const [r, g, b] = classColor(classIndex);
  return { r: r / 255, g: g / 255, b: b / 255 };
}
