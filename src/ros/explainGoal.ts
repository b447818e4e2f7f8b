import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import {
  EXPLAIN_METHODS,
  EXPLAIN_PRESETS,
  type ExplainMethod,
  type ExplainPreset,
  type ExplainSettings,
  parseExplainSettings,
  presetSettings,
  withPasses,
} from '../explain/settings.js';
import type { ExplainWish } from '../explain/frame/prepareFrame.js';
import type { Frame } from '../images/frame.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import type { ExplainRuntimeParameters } from './explainParameters.js';
import { frameOfMessage } from '../messages/imageMessages.js';
import { fromRosTime } from '../messages/rosTime.js';

const finite = z.number();
const goalSchema = z.object({
  image: z.object({ data: z.instanceof(Uint8Array) }).loose(),
  stamp: z.object({ sec: z.int(), nanosec: z.int() }),
  spectrum: z.enum(SPECTRA),
  x_min: finite,
  y_min: finite,
  x_max: finite,
  y_max: finite,
  class_name: z.string(),
  method: z.enum(['', ...EXPLAIN_METHODS]),
  preset: z.enum(['', ...EXPLAIN_PRESETS]),
  passes: z.int().min(0),
  seed: z.int().min(0),
});

/** What somebody wants explained now. */
export interface ExplainGoal {
  readonly spectrum: Spectrum;
  /** Sent along with the goal; else the frame log's image of `stampNs` is meant, or its newest where that is 0. */
  readonly image: Frame | undefined;
  readonly stampNs: bigint;
  readonly wish: ExplainWish;
}

/**
 * A goal of the action Explain, checked; what it leaves open is as the node's parameters say.
 * @param goal plain values as rclnodejs hands them over; the image's pixels are copied
 * @throws ExpectedError `usage` that names every field that is wrong
 */
export function readGoal(goal: unknown, parameters: ExplainRuntimeParameters): ExplainGoal {
  const result = goalSchema.safeParse(goal);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
    throw new ExpectedError('usage', `the goal does not hold: ${problems.join('; ')}`, 'see action/Explain.action');
  }
  const { image, stamp, spectrum, x_min: x1, y_min: y1, x_max: x2, y_max: y2, class_name, ...how } = result.data;
  const everyBox = [x1, y1, x2, y2].every((corner) => corner === 0);
  const method = how.method === '' ? parameters.method : how.method;
  const settings = settingsOf({
    method,
    preset: how.preset === '' ? parameters.preset : how.preset,
    passes: how.passes === 0 ? parameters.passes : how.passes,
  });
  return {
    spectrum,
    image: image.data.byteLength === 0 ? undefined : imageOf(image, spectrum),
    stampNs: fromRosTime(stamp),
    wish: {
      boxes: everyBox
        ? { most: parameters.max_boxes }
        : { box: { x1, y1, x2, y2 }, ...(class_name !== '' && { className: class_name }) },
      settings,
      seed: how.seed === 0 ? parameters.seed : how.seed,
    },
  };
}

/** Passes between two partial results: the work is held back, and gives way to the action, only there. */
const REPORT_EVERY = 10;

/** Settings of a method by the names that people give. @param choice.passes 0: the preset's; of no meaning where masks are not drawn */
export function settingsOf(choice: {
  readonly method: ExplainMethod;
  readonly preset: ExplainPreset;
  readonly passes: number;
}): ExplainSettings {
  const settings: ExplainSettings = presetSettings(choice.method, choice.preset);
  if (!('passes' in settings)) return settings;
  const passes = choice.passes === 0 ? settings.passes : choice.passes;
  const reportEvery = Math.min(settings.reportEvery, REPORT_EVERY);
  return parseExplainSettings({ ...withPasses(settings, passes), reportEvery }, 'the parameter passes');
}

function imageOf(message: { readonly data: Uint8Array }, spectrum: Spectrum): Frame {
  const receivedNs = process.hrtime.bigint();
  // The middleware's memory is gone after this turn of the event loop.
  const own = { ...message, data: Uint8Array.from(message.data) };
  return frameOfMessage(own, { spectrum, topic: 'the image of the goal', transport: 'raw', receivedNs });
}
