import { ExpectedError } from '../../errors.js';
import type { ExplainSettings } from '../settings.js';
import type { Explainer } from '../explanation.js';
import type { Box } from '../../geometry/box.js';
import type { Frame } from '../../images/frame.js';
import type { Pixels } from '../../images/pixels.js';
import type { BandModels } from './bandModels.js';
import type { ExplainWork } from './explainFrame.js';
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
  readonly pixels: Pixels;
  /** All of them, best score first. */
  readonly detections: readonly NamedDetection[];
  readonly work: ExplainWork;
}

/**
 * Decodes an image, finds its detections (those logged with it, else by its band's model) and chooses the boxes.
 * @throws ExpectedError `input` for an image that cannot be decoded, or detections of another model; `usage` where no box fits the wish;
 *   otherwise as `openExplainer`
 */
export async function prepareFrame(
  models: BandModels,
  source: FrameToExplain,
  wish: ExplainWish,
): Promise<PreparedFrame> {
  const { frame, logged } = source;
  const { spectrum, stampNs, frameId } = frame;
  const explainer = await models.explainer(spectrum);
  const { sha256, classes, name } = explainer.manifest;
  if (logged && logged.modelSha256 !== sha256) {
    throw new ExpectedError(
      'input',
      `the detections of ${frame.topic} were made by the model ${logged.modelSha256}, not by ${name} (${sha256})`,
      'use the configuration of the perception node that wrote the frame log',
    );
  }
  const pixels = decodeRgb(frame.image, models.config.cameras[spectrum]?.intensity);
  const found = logged?.detections ?? (await models.detect(spectrum, pixels));
  const detections = [...found].sort((a, b) => b.score - a.score);
  const { boxes, settings, seed } = wish;
  const targets =
    'box' in boxes ? chooseTargets(detections, classes, 1, boxes) : chooseTargets(detections, classes, boxes.most);
  const image = { spectrum, stampNs, frameId, size: { width: pixels.width, height: pixels.height } };
  return { explainer, pixels, detections, work: { image, pixels: pixels.data, targets, settings, seed } };
}
