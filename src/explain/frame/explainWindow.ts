import type { WindowFrame } from '../explanation.js';
import type { Box } from '../../geometry/box.js';
import { letterbox } from '../../geometry/letterbox.js';
import type { Frame } from '../../images/frame.js';
import { resizeToInput } from '../../images/resize.js';
import { IouTracker } from '../../tracking/iouTracker.js';
import { TRACKING } from '../../tracking/mapTracks.js';
import type { BandModels } from './bandModels.js';
import { decodeRgb } from './pictures.js';
import type { PreparedFrame } from './prepareFrame.js';

/** An image of a window, for the record. */
export interface WindowImage extends WindowFrame {
  readonly stampNs: bigint;
}

/**
 * The images before one that is to be explained, with where its targets were: the boxes detected in all of them are followed by overlap
 * (tracking/iouTracker.ts), and a target's box in an image is that of its track, where it has one.
 * @param before of the same band, oldest first
 * @throws ExpectedError as `prepareFrame`
 */
export async function windowBefore(
  models: BandModels,
  before: readonly Frame[],
  { explainer, request, detections }: PreparedFrame,
): Promise<WindowImage[]> {
  let next = 1;
  const tracker = new IouTracker(TRACKING, () => next++);
  const { input } = explainer.manifest;
  const images: (Omit<WindowImage, 'boxes'> & { readonly boxOf: Map<number, Box> })[] = [];
  for (const frame of before) {
    const pixels = decodeRgb(frame.image, models.config.cameras[frame.spectrum]?.intensity);
    const found = await models.detect(frame.spectrum, pixels);
    const { tracks } = tracker.add(found);
    const size = { width: pixels.width, height: pixels.height };
    images.push({
      stampNs: frame.stampNs,
      input: resizeToInput(pixels, letterbox(size, input, input.resize)),
      size,
      boxOf: new Map(found.map(({ box }, i) => [tracks[i], box])),
    });
  }
  const { tracks } = tracker.add(detections);
  const targetTracks = request.targets.map(({ box, className }) => {
    const index = detections.findIndex((detection) => detection.box === box && detection.className === className);
    return tracks[index];
  });
  return images.map(({ boxOf, ...image }) => ({
    ...image,
    boxes: targetTracks.map((track) => boxOf.get(track)),
  }));
}
