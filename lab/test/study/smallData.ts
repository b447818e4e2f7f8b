import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodePng } from '../../scenes/png.js';
import { Random } from '../../scenes/random.js';
import { encodeMask } from '../../scenes/runLength.js';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { modelPicture } from '../../study/modelPicture.js';
import { fixture } from '../../../test/detector/reference.js';

export const TINY = fixture('efficientdet-tiny.json');
export const SIZE = { width: 128, height: 96 };

/** A picture of coloured blocks and grain: uint8 [96, 128, 3]. */
export function blocks(seed: number): Uint8Array {
  const random = new Random(seed, 'blocks');
  const colors = Array.from({ length: 48 }, () => [
    random.integer(0, 255),
    random.integer(0, 255),
    random.integer(0, 255),
  ]);
  return Uint8Array.from({ length: SIZE.width * SIZE.height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % SIZE.width, Math.floor(i / 3 / SIZE.width)];
    const color = colors[Math.floor(x / 16) + 8 * Math.floor(y / 16)];
    return Math.min(255, color[i % 3] + random.integer(0, 9));
  });
}

/**
 * A COCO data set `<root>/rgb` of `count` pictures in two drives. What the tiny network is surest of in every picture but the
 * last is labelled, with the left half of its box as the object's mask.
 */
export async function writeSmallData(root: string, count: number): Promise<void> {
  const folder = path.join(root, 'rgb');
  await mkdir(path.join(folder, 'images'), { recursive: true });
  const detector = await EfficientDet.load(TINY, { threads: 1 });
  const { width, height } = SIZE;
  const annotations: object[] = [];
  const images: object[] = [];
  for (let i = 0; i < count; i++) {
    const pixels = blocks(i);
    await writeFile(path.join(folder, `images/p${i}.png`), encodePng(width, height, 3, pixels));
    images.push({
      id: i + 1,
      file_name: `images/p${i}.png`,
      width,
      height,
      time: i % 2 ? 'night' : 'day',
      drive: i % 2,
    });
    const laid = modelPicture(pixels, SIZE, detector.manifest.input);
    const { detections } = await detector.detect(laid.pixels, SIZE, { scoreThreshold: 0.05, maxDetections: 1 });
    const best = detections.at(0);
    if (!best || i === count - 1) continue;
    const { x1, y1, x2, y2 } = best.box;
    const left = { x1: Math.floor(x1), y1: Math.floor(y1), x2: Math.ceil((x1 + x2) / 2), y2: Math.ceil(y2) };
    const mask = new Uint8Array(width * height);
    for (let y = left.y1; y < left.y2; y++) mask.fill(1, y * width + left.x1, y * width + left.x2);
    annotations.push({
      id: i + 1,
      image_id: i + 1,
      category_id: best.classIndex + 1,
      bbox: [x1, y1, x2 - x1, y2 - y1],
      segmentation: encodeMask(mask, width, height, 1, left),
    });
  }
  const categories = detector.manifest.classes.map((name, i) => ({ id: i + 1, name }));
  await detector.close();
  await writeFile(path.join(folder, 'annotations.json'), JSON.stringify({ images, annotations, categories }));
}
