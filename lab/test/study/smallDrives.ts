import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodePng } from '../../scenes/png.js';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { modelPicture } from '../../study/modelPicture.js';
import { movedPicture, noisyPicture } from '../../study/mapChecks.js';
import { fixture } from '../../../test/detector/reference.js';
import { blocks, SIZE, TINY } from './smallData.js';

export const SMALL_SPECTRA = ['rgb', 'fir'] as const;
/** Detections of the tiny network from here on are in question. */
export const SMALL_MINIMUM = 0.2;

/** A configuration in which both cameras see the same. */
const CONFIG = `
cameras:
  rgb: { model: rgb.json }
  fir: { model: fir.json }
fusion:
  homographies:
    fir: [1, 0, 0, 0, 1, 0, 0, 0, 1]
`;

export interface SmallDrives {
  readonly data: string;
  /** Manifests of the tiny network under the names of both spectra. */
  readonly networks: readonly string[];
  readonly config: string;
  readonly pictures: number;
}

/**
 * Drives of a picture that moves, seen by two cameras, the second one with noise. Of what the tiny network finds every second box
 * is labelled, in each picture of its own, and every fifth of these as `ignore`.
 */
export async function writeSmallDrives(root: string, drives: number, frames: number): Promise<SmallDrives> {
  const networks = await Promise.all(SMALL_SPECTRA.map((spectrum) => writeNetwork(root, spectrum)));
  const config = path.join(root, 'rig.yaml');
  await writeFile(config, CONFIG);
  const data = path.join(root, 'data');
  const detector = await EfficientDet.load(TINY, { threads: 1 });
  const { width, height } = SIZE;
  const categories = detector.manifest.classes.map((name, i) => ({ id: i + 1, name }));
  for (const spectrum of SMALL_SPECTRA) {
    const images: object[] = [];
    const annotations: object[] = [];
    await mkdir(path.join(data, spectrum, 'images'), { recursive: true });
    for (let drive = 0; drive < drives; drive++)
      for (let frame = 0; frame < frames; frame++) {
        const moved = movedPicture({ pixels: blocks(drive), size: SIZE }, frame, 0);
        const { pixels } = spectrum === 'rgb' ? moved : noisyPicture(moved, 3, frame);
        const id = images.length + 1;
        const name = `images/d${drive}-${frame}.png`;
        await writeFile(path.join(data, spectrum, name), encodePng(width, height, 3, Uint8Array.from(pixels)));
        images.push({ id, file_name: name, width, height, time: drive % 2 ? 'night' : 'day', drive, frame });
        const laid = modelPicture(pixels, SIZE, detector.manifest.input);
        const { detections } = await detector.detect(laid.pixels, SIZE, { scoreThreshold: SMALL_MINIMUM });
        detections.forEach(({ box: { x1, y1, x2, y2 }, classIndex }, i) => {
          if (i % 2) return;
          annotations.push({
            id: annotations.length + 1,
            image_id: id,
            category_id: classIndex + 1,
            bbox: [x1, y1, x2 - x1, y2 - y1],
            ignore: i % 10 === 0 ? 1 : 0,
          });
        });
      }
    await writeFile(path.join(data, spectrum, 'annotations.json'), JSON.stringify({ images, annotations, categories }));
  }
  await detector.close();
  return { data, networks, config, pictures: SMALL_SPECTRA.length * drives * frames };
}

async function writeNetwork(root: string, spectrum: string): Promise<string> {
  const manifest = JSON.parse(await readFile(TINY, 'utf8')) as object;
  const file = path.join(root, `${spectrum}.json`);
  await writeFile(file, JSON.stringify({ ...manifest, name: `tiny-${spectrum}`, spectra: [spectrum] }));
  await copyFile(fixture('efficientdet-tiny.onnx'), path.join(root, 'efficientdet-tiny.onnx'));
  return file;
}
