import { createHash } from 'node:crypto';
import type { ModelManifest } from '../detector/manifest.js';
import { ExpectedError } from '../errors.js';
import { area, clip } from '../geometry/box.js';
import type { ExplainRequest, ExplanationCheckpoint, WindowFrame } from './explanation.js';
import { parseExplainSettings, type ExplainMethod } from './settings.js';

const MAX_TARGETS = 1000;
const MAX_SIDE = 1 << 15;
/** Pictures of a window: each is held by every worker. */
const MAX_WINDOW = 64;

/**
 * Checks a request against the model that is to answer it.
 * @throws ExpectedError `input` for pixels, boxes, classes or a checkpoint that do not fit, `usage` for settings and seed
 */
export function checkRequest(request: ExplainRequest, manifest: ModelManifest): void {
  const { input, size, targets, seed, resume } = request;
  const { width, height } = size;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE))
    throw misfit(`a picture of ${width}×${height} pixels`, 'give whole numbers of pixels');
  const { width: inputWidth, height: inputHeight } = manifest.input;
  if (input.length !== inputWidth * inputHeight * 3)
    throw misfit(
      `${input.length} values are no ${inputWidth}×${inputHeight} RGB picture, which has ${inputWidth * inputHeight * 3}`,
      'give the picture laid into the input of the model, pixels interleaved, three bytes each',
    );
  if (targets.length === 0 || targets.length > MAX_TARGETS)
    throw misfit(`${targets.length} boxes to explain`, `give 1 to ${MAX_TARGETS}`);
  targets.forEach(({ box, classIndex, className }, i) => {
    const sides = [box.x1, box.y1, box.x2, box.y2];
    if (!sides.every(Number.isFinite) || !(area(clip(box, width, height)) > 0))
      throw misfit(
        `box ${i + 1}, [${sides.join(', ')}], has no area inside the ${width}×${height} picture`,
        'give x1, y1, x2, y2 in pixels of the picture',
      );
    if (manifest.classes[classIndex] !== className)
      throw misfit(
        `box ${i + 1} is of class ${classIndex}, “${className}”, which model ${manifest.name} calls “${manifest.classes[classIndex] ?? 'nothing'}”`,
        'explain a detection with the model that made it',
      );
  });
  checkMethod(parseExplainSettings(request.settings, 'the request').method, manifest);
  if (request.window && request.window.length > 0) checkWindow(request.window, request);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new ExpectedError('usage', `the seed ${seed} cannot be used`, 'give a whole number from 0 to 4294967295');
  if (resume) checkCheckpoint(resume, request, manifest);
}

/** Methods that know the network's parts; the others need its scores, or differentiate its file. */
const INSIDE: readonly ExplainMethod[] = ['live-rise', 'sidu'];

function checkMethod(method: ExplainMethod, { family, name }: ModelManifest): void {
  if (!INSIDE.includes(method) || family === 'efficientdet') return;
  throw new ExpectedError(
    'usage',
    `${method} looks inside the network, which is known for EfficientDet only so far; ${name} is of the family ${family}`,
    'use rise or d-rise (--method rise; method: rise in the settings), which need nothing but its scores, or odam, which differentiates its file',
  );
}

function checkWindow(window: readonly WindowFrame[], { input, size, targets, settings }: ExplainRequest): void {
  const { method } = settings;
  if (!('passes' in settings))
    throw new ExpectedError(
      'usage',
      `${method} draws no masks that could stand still over a window of images`,
      'use rise, d-rise or live-rise, or explain one image',
    );
  if (window.length >= MAX_WINDOW) throw misfit(`${window.length + 1} images of a window`, `give up to ${MAX_WINDOW}`);
  for (const frame of window) {
    if (frame.size.width !== size.width || frame.size.height !== size.height || frame.input.length !== input.length)
      throw misfit(
        `an image of the window of ${frame.size.width}×${frame.size.height} pixels beside one of ${size.width}×${size.height}`,
        'the masks of a window need images of one size: give a shorter window',
      );
    if (frame.boxes.length !== targets.length)
      throw misfit(
        `${frame.boxes.length} boxes for ${targets.length} targets`,
        'give a box or nothing for each target',
      );
    for (const box of frame.boxes)
      if (box && !(area(clip(box, size.width, size.height)) > 0))
        throw misfit(
          `a box of the window, [${box.x1}, ${box.y1}, ${box.x2}, ${box.y2}], has no area inside the picture`,
          'leave it out: a target need not be in every image of the window',
        );
  }
}

function checkCheckpoint(resume: ExplanationCheckpoint, request: ExplainRequest, manifest: ModelManifest): void {
  if (resume.request !== requestHash(request, manifest) || resume.lost.length !== request.targets.length)
    throw misfit('a checkpoint of another explanation', 'start again without it');
}

function misfit(what: string, remedy: string): ExpectedError {
  return new ExpectedError('input', `cannot be explained: ${what}`, remedy);
}

/** SHA-256 of everything that the maps depend on. */
export function requestHash(request: ExplainRequest, manifest: ModelManifest): string {
  const { input, size, targets, settings, seed, window = [] } = request;
  const rest = JSON.stringify([
    manifest.sha256,
    size,
    targets.map(({ box, classIndex }) => [box, classIndex]),
    settings,
    seed,
    ...window.map(({ boxes }) => boxes.map((box) => box ?? null)),
  ]);
  const hash = createHash('sha256').update(input);
  for (const frame of window) hash.update(frame.input);
  return hash.update(rest).digest('hex');
}
