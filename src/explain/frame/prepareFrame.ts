import { ExpectedError } from '../../errors.js';
import type { ExplainSettings } from '../settings.js';
import type { Explainer, ExplainRequest } from '../explanation.js';
import type { Box } from '../../geometry/box.js';
import { letterbox } from '../../geometry/letterbox.js';
import type { Frame } from '../../images/frame.js';
import type { Pixels } from '../../images/pixels.js';
import { resizeToInput } from '../../images/resize.js';
import type { BandModels } from './bandModels.js';
import type { LoggedFrame } from '../../frameLog/loggedFrames.js';
import { decodeRgb } from './pictures.js';
import type { NamedDetection } from '../../detector/detection.js';
import { chooseTargets } from './targets.js';

/** An image that is to be explained; with what was detected in it and by which model, where that is known already. */
export interface FrameToExplain {
  readonly frame: Frame;
  readonly logged?: Pick<LoggedFrame, 'detections' | 'modelSha256'>;
}

/** Which boxes, and how. */
export interface ExplainWish {
  /** The best ones by score, or the one that a box means; see `chooseTargets`. */
  readonly boxes: { readonly most: number } | { readonly box: Box; readonly className?: string };
  readonly settings: ExplainSettings;
  readonly seed: number;
}

/** An image that is ready to be explained. */
export interface PreparedFrame {
  readonly explainer: Explainer;
  /** RGB or grey, of the image's size. */
  readonly pixels: Pixels;
  /** All of them, best score first. */
  readonly detections: readonly NamedDetection[];
  readonly request: ExplainRequest;
}

/** A decoded image, and as its model takes it. */
export interface DecodedImage {
  /** RGB or grey. */
  readonly pixels: Pixels;
  /** uint8 [H, W, 3], RGB. */
  readonly input: Uint8Array;
}

/**
 * Decodes an image, finds its detections (those logged with it, else by its band's model) and chooses the boxes. Uses OpenCV, as
 * `decodeRgb`.
 * @throws ExpectedError `input` for an image that cannot be decoded, or detections of another model; `usage` where no box fits the wish;
 *   otherwise as `openExplainer`
 */
export async function prepareFrame(
  models: BandModels,
  { frame, logged }: FrameToExplain,
  wish: ExplainWish,
): Promise<PreparedFrame> {
  const { spectrum } = frame;
  const explainer = await models.explainer(spectrum);
  const pixels = decodeRgb(frame.image, models.config.cameras[spectrum]?.intensity);
  const { input } = explainer.manifest;
  const image = { pixels, input: resizeToInput(pixels, letterbox(pixels, input, input.resize)) };
  if (logged) return prepareDetected(explainer, frame, image, logged, wish);
  const detections = await models.detect(spectrum, pixels);
  return prepareDetected(explainer, frame, image, { detections, modelSha256: explainer.manifest.sha256 }, wish);
}

/**
 * The same for an image that is decoded and whose detections are known.
 * @throws ExpectedError `input` for detections of another model; `usage` where no box fits the wish
 */
export function prepareDetected(
  explainer: Explainer,
  { topic }: Pick<Frame, 'topic'>,
  { pixels, input }: DecodedImage,
  found: Pick<LoggedFrame, 'detections' | 'modelSha256'>,
  { boxes, settings, seed }: ExplainWish,
): PreparedFrame {
  const { sha256, classes, name } = explainer.manifest;
  if (found.modelSha256 !== sha256) {
    throw new ExpectedError(
      'input',
      `the detections of ${topic} were made by the model ${found.modelSha256}, not by ${name} (${sha256})`,
      'use the configuration of the perception node that wrote the frame log',
    );
  }
  const detections = [...found.detections].sort((a, b) => b.score - a.score);
  const targets =
    'box' in boxes ? chooseTargets(detections, classes, 1, boxes) : chooseTargets(detections, classes, boxes.most);
  const size = { width: pixels.width, height: pixels.height };
  return { explainer, pixels, detections, request: { input, size, targets, settings, seed } };
}
