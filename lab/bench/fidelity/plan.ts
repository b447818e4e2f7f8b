import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { loadCoco } from '../../scenes/loadCoco.js';
import type { LabelledImage } from '../../scenes/labelled.js';
import type { Detection } from '../../../src/detector/detection.js';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { modelPicture } from '../../study/modelPicture.js';
import { area, iou } from '../../../src/geometry/box.js';
import type { Size } from '../../../src/geometry/letterbox.js';
import { decodeImage } from '../../../src/images/decode.js';
import { SPECTRA, type Spectrum } from '../../../src/spectrum.js';

const plannedBox = z.object({
  box: z.object({ x1: z.number(), y1: z.number(), x2: z.number(), y2: z.number() }),
  classIndex: z.int(),
  className: z.string(),
  score: z.number(),
  /** By COCO's ranges of area: below 32², below 96², above. */
  size: z.enum(['small', 'medium', 'large']),
});
const plannedPicture = z.object({
  id: z.string(),
  spectrum: z.enum(SPECTRA),
  /** 0 for the first picture of its spectrum. */
  round: z.int(),
  file: z.string(),
  /** SHA-256 of the network that found the boxes. */
  model: z.string(),
  boxes: z.array(plannedBox).min(1),
});
export const plannedPictures = z.array(plannedPicture);

export type PlannedBox = z.infer<typeof plannedBox>;
/** A held-out picture and the detections in it that are explained. */
export type PlannedPicture = z.infer<typeof plannedPicture>;

export interface PictureWish {
  /** Pictures of the spectrum. */
  readonly pictures: number;
  /** Most boxes of a picture. */
  readonly boxes: number;
  readonly minScore: number;
  /** Whether a box has to be that of a labelled object of its class (IoU ≥ 0.5). */
  readonly onlyTrue: boolean;
}

/** Pictures that are looked at for each one that is taken. */
const CANDIDATES = 24;

/** uint8 RGB pixels of a picture on disk, grey tripled. */
export interface SourcePixels {
  readonly pixels: Uint8Array;
  readonly size: Size;
}

/** For the main thread only: OpenCV serves one thread of a process. */
export async function readPicture(file: string): Promise<SourcePixels> {
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
 * Chooses pictures, one from each of equal parts of a data set: of up to 24 in the part the one with boxes of the most sizes, and of
 * those the one with the most boxes. All boxes of a picture share their masks, so many boxes in few pictures cost the least.
 */
export async function choosePictures(
  spectrum: Spectrum,
  manifestPath: string,
  annotations: string,
  wish: PictureWish,
): Promise<PlannedPicture[]> {
  const detector = await EfficientDet.load(manifestPath, { threads: 0 });
  const { sha256, classes } = detector.manifest;
  const { images } = await loadCoco(annotations, { classes, spectrum });
  const chosen: PlannedPicture[] = [];
  for (let round = 0; round < wish.pictures; round++) {
    const part = images.slice(
      Math.floor((round * images.length) / wish.pictures),
      Math.floor(((round + 1) * images.length) / wish.pictures),
    );
    const step = Math.max(1, part.length / CANDIDATES);
    let best: PlannedPicture | undefined;
    for (let i = 0; i < part.length; i += step) {
      const image = part[Math.floor(i)];
      const { pixels, size } = await readPicture(image.file);
      const laid = modelPicture(pixels, size, detector.manifest.input);
      const { detections } = await detector.detect(laid.pixels, size, { scoreThreshold: wish.minScore });
      const boxes = spread(
        detections.filter((detection) => !wish.onlyTrue || isTrue(detection, image)),
        wish.boxes,
      );
      if (boxes.length === 0 || (best && worth(best.boxes) >= worth(boxes))) continue;
      best = { id: `${spectrum}-${image.id}`, spectrum, round, file: image.file, model: sha256, boxes };
    }
    if (best) chosen.push(best);
  }
  await detector.close();
  return chosen;
}

function worth(boxes: readonly PlannedBox[]): number {
  return 1000 * new Set(boxes.map(({ size }) => size)).size + boxes.length;
}

function isTrue({ box, classIndex }: Detection, { objects }: LabelledImage): boolean {
  return objects.some((object) => object.classIndex === classIndex && iou(object.box, box) >= 0.5);
}

/** Up to `most` detections from the smallest to the largest. */
function spread(detections: readonly Detection[], most: number): PlannedBox[] {
  const sorted = detections.toSorted((a, b) => area(a.box) - area(b.box));
  const count = Math.min(most, sorted.length);
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
