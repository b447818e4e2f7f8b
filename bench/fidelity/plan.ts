import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { loadCoco } from '../../src/dataset/loadCoco.js';
import type { LabelledImage } from '../../src/dataset/labelled.js';
import type { Detection } from '../../src/detector/detection.js';
import { EfficientDet } from '../../src/detector/efficientDet.js';
import { modelPicture } from '../../src/explain/modelPicture.js';
import { area, iou, type Box } from '../../src/geometry/box.js';
import type { Size } from '../../src/geometry/letterbox.js';
import { decodeImage } from '../../src/images/decode.js';
import type { Spectrum } from '../../src/spectrum.js';

/** A held-out picture and the detections in it that are explained. */
export interface PlannedPicture {
  readonly id: string;
  readonly spectrum: Spectrum;
  readonly file: string;
  readonly boxes: readonly PlannedBox[];
}

export interface PlannedBox {
  readonly box: Box;
  readonly classIndex: number;
  readonly className: string;
  readonly score: number;
  /** By COCO's ranges of area: below 32², below 96², above. */
  readonly size: 'small' | 'medium' | 'large';
}

/** Boxes of one picture that are explained. */
const BOXES = 4;
const MIN_SCORE = 0.3;

/** uint8 RGB pixels of a picture on disk, grey tripled. */
export async function readPicture(file: string): Promise<{ pixels: Uint8Array; size: Size }> {
  const { width, height, channels, data } = decodeImage({
    kind: 'compressed',
    format: path.extname(file).slice(1),
    data: await readFile(file),
  });
  const pixels =
    channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]);
  return { pixels, size: { width, height } };
}

/**
 * Chooses pictures, spread evenly over a data set, in which the detector finds true objects, and boxes of as many sizes as
 * there are.
 */
export async function choosePictures(
  spectrum: Spectrum,
  manifestPath: string,
  annotations: string,
  count: number,
): Promise<PlannedPicture[]> {
  const detector = await EfficientDet.load(manifestPath, { threads: 0 });
  const { images } = await loadCoco(annotations, { classes: detector.manifest.classes, spectrum });
  const chosen: PlannedPicture[] = [];
  for (let i = 0; i < count; i++) {
    // From the middle of each of `count` equal parts onwards, until a picture has enough true boxes.
    const start = Math.floor(((i + 0.5) * images.length) / count);
    const end = Math.floor(((i + 1) * images.length) / count);
    for (const image of images.slice(start, end)) {
      const { pixels, size } = await readPicture(image.file);
      const laid = modelPicture(pixels, size, detector.manifest.input);
      const { detections } = await detector.detect(laid.pixels, size, { scoreThreshold: MIN_SCORE });
      const boxes = spread(detections.filter((detection) => isTrue(detection, image)));
      if (boxes.length < BOXES - 1) continue;
      chosen.push({ id: `${spectrum}-${image.id}`, spectrum, file: image.file, boxes });
      break;
    }
  }
  await detector.close();
  return chosen;
}

function isTrue({ box, classIndex }: Detection, { objects }: LabelledImage): boolean {
  return objects.some((object) => object.classIndex === classIndex && iou(object.box, box) >= 0.5);
}

/** Up to `BOXES` detections from the smallest to the largest. */
function spread(detections: readonly Detection[]): PlannedBox[] {
  const sorted = detections.toSorted((a, b) => area(a.box) - area(b.box));
  const count = Math.min(BOXES, sorted.length);
  const picked = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (sorted.length - 1)) / (count - 1)),
  );
  return picked.map((index): PlannedBox => {
    const { box, classIndex, className, score } = sorted[index];
    const pixels = area(box);
    const size = pixels < 32 ** 2 ? 'small' : pixels < 96 ** 2 ? 'medium' : 'large';
    return { box, classIndex, className, score, size };
  });
}
