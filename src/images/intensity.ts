import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import { freshMemory, type PixelMemory } from './pixelMemory.js';

const nonFinite = z
  .enum(['reject', 'black'])
  .default('reject')
  .describe('what to do with NaN and infinite pixels of 32FC1 images: refuse the image, or paint them black');

/** How samples deeper than 8 bit become 8-bit pixels; every rule is linear between `low` (0) and `high` (255). */
export const intensitySchema = z.discriminatedUnion('rule', [
  z
    .strictObject({
      rule: z.literal('fixed'),
      low: z.number().describe('sample value that becomes black'),
      high: z.number().describe('sample value that becomes white'),
      nonFinite,
    })
    .refine(({ low, high }) => high > low, { message: 'high must be greater than low', path: ['high'] }),
  z
    .strictObject({
      rule: z.literal('percentiles'),
      lowPercent: z.number().min(0).max(100).default(0.5).describe('percentile of the image that becomes black'),
      highPercent: z.number().min(0).max(100).default(99.5).describe('percentile of the image that becomes white'),
      timeConstantSeconds: z
        .number()
        .min(0)
        .max(3600)
        .default(1)
        .describe(
          'after a lasting change of the scene, 63 % of the way in this time and 95 % in three times it; 0: at once',
        ),
      minimumSpan: z
        .number()
        .min(0)
        .default(0)
        .describe(
          'least distance between low and high, in sample units, so that noise of a flat scene is not blown up',
        ),
      nonFinite,
    })
    .refine(({ lowPercent, highPercent }) => highPercent > lowPercent, {
      message: 'highPercent must be greater than lowPercent',
      path: ['highPercent'],
    }),
]);
export type IntensityConfig = z.output<typeof intensitySchema>;

/** The percentiles rule with its default figures. */
export const DEFAULT_INTENSITY: IntensityConfig = intensitySchema.parse({ rule: 'percentiles' });

/** Sample values that become 0 and 255. */
export interface IntensityRange {
  readonly low: number;
  readonly high: number;
}

/** Deeper-than-8-bit samples, rows without padding; `rowLength` samples a row, channels included. */
export interface DeepSamples {
  readonly data: Uint16Array | Float32Array;
  readonly rowLength: number;
}

/** Samples that a percentile is estimated from: its standard error at 0.5 % is then 0.06 percentage points. */
const ESTIMATION_SAMPLES = 16_384;

/**
 * Turns 16-bit and float samples into 8 bit, for one camera: it remembers that camera's range.
 *
 * With percentiles, the range follows the image by an exponential average over the stamps, so that a hot exhaust passing
 * by does not make the picture flicker: `range += (1 − e^(−Δt/τ)) · (target − range)`. It takes the image's own range at
 * once for the first image, when the clock runs backwards (a bag that loops), and when the two ranges do not even touch
 * (a shutter calibration moved the offset): following slowly would show nothing but black or white meanwhile.
 * All channels share one range, so colours keep their ratios. A flat image becomes mid grey.
 */
export class IntensityNormalizer {
  #range: IntensityRange | undefined;
  #stampNs: bigint | undefined;
  readonly config: IntensityConfig;

  constructor(config: IntensityConfig = DEFAULT_INTENSITY) {
    this.config = config;
  }

  /** The range that the last image was mapped with. */
  get range(): IntensityRange | undefined {
    return this.#range;
  }

  /**
   * 8-bit samples, same length and order, rounded to the nearest, in a buffer of `memory`.
   * @param stampNs when the image was taken; without it the image's own range is used
   * @throws ExpectedError `input` for NaN or infinity where the configuration rejects them, or where nothing else is there
   */
  normalize(samples: DeepSamples, stampNs?: bigint, memory: PixelMemory = freshMemory): Uint8Array<ArrayBuffer> {
    const { data } = samples;
    if (data instanceof Float32Array && this.config.nonFinite === 'reject') rejectNonFinite(samples);
    const range =
      this.config.rule === 'fixed' ? this.config : this.#follow(percentileRange(samples, this.config), stampNs);
    this.#range = { low: range.low, high: range.high };
    const { low, high } = widened(range, this.config.rule === 'fixed' ? 0 : this.config.minimumSpan);
    const scale = 255 / (high - low);
    const out = new Uint8ClampedArray(memory(data.length).buffer);
    if (data instanceof Float32Array) scaleFloats(data, low, scale, out);
    else scaleIntegers(data, low, scale, out);
    return new Uint8Array(out.buffer);
  }

  #follow(target: IntensityRange, stampNs: bigint | undefined): IntensityRange {
    const previous = this.#range;
    const elapsed =
      stampNs === undefined || this.#stampNs === undefined ? undefined : Number(stampNs - this.#stampNs) / 1e9;
    this.#stampNs = stampNs;
    if (this.config.rule === 'fixed' || previous === undefined || elapsed === undefined || elapsed < 0) return target;
    if (target.low > previous.high || target.high < previous.low) return target;
    const tau = this.config.timeConstantSeconds;
    const share = tau === 0 ? 1 : 1 - Math.exp(-elapsed / tau);
    return {
      low: previous.low + share * (target.low - previous.low),
      high: previous.high + share * (target.high - previous.high),
    };
  }
}

/** By a table of what each of the 65,536 values becomes. */
function scaleIntegers(data: Uint16Array, low: number, scale: number, out: Uint8ClampedArray): void {
  const table = new Uint8ClampedArray(65_536);
  for (let sample = 0; sample < table.length; sample++) table[sample] = (sample - low) * scale;
  for (let i = 0; i < data.length; i++) out[i] = table[data[i]];
}

/** NaN and infinity are as little a measurement: both are black. */
function scaleFloats(data: Float32Array, low: number, scale: number, out: Uint8ClampedArray): void {
  for (let i = 0; i < data.length; i++) out[i] = Number.isFinite(data[i]) ? (data[i] - low) * scale : 0;
}

function percentileRange(
  samples: DeepSamples,
  config: { readonly lowPercent: number; readonly highPercent: number },
): IntensityRange {
  const sorted = someSamples(samples).sort();
  if (sorted.length === 0)
    throw new ExpectedError(
      'input',
      'the image has no finite pixel',
      'check the camera driver; such a frame cannot be shown',
    );
  return { low: percentile(sorted, config.lowPercent), high: percentile(sorted, config.highPercent) };
}

/** Evenly spread finite samples; the stride shares no factor with the row, so it cannot follow a pattern of columns. */
function someSamples({ data, rowLength }: DeepSamples): Uint16Array | Float32Array {
  let stride = Math.max(1, Math.floor(data.length / ESTIMATION_SAMPLES));
  while (greatestCommonDivisor(stride, rowLength) !== 1) stride++;
  const count = Math.ceil(data.length / stride);
  const some = data instanceof Float32Array ? new Float32Array(count) : new Uint16Array(count);
  let kept = 0;
  for (let i = 0; i < data.length; i += stride) {
    const sample = data[i];
    if (Number.isFinite(sample)) some[kept++] = sample;
  }
  return some.subarray(0, kept);
}

/** Percentile of ascending values, linear between the two closest ranks. */
function percentile(sorted: Uint16Array | Float32Array, percent: number): number {
  const position = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below];
  const high = sorted[Math.min(below + 1, sorted.length - 1)];
  return low + (position - below) * (high - low);
}

/** The range, not narrower than asked, and never of no width: a flat image then falls in its middle. */
function widened({ low, high }: IntensityRange, minimumSpan: number): IntensityRange {
  const span = Math.max(minimumSpan, 1e-6 * Math.max(1, Math.abs(low)));
  if (high - low >= span) return { low, high };
  const centre = (low + high) / 2;
  return { low: centre - span / 2, high: centre + span / 2 };
}

function rejectNonFinite({ data, rowLength }: DeepSamples): void {
  let at = 0;
  while (at < data.length && Number.isFinite(data[at])) at++;
  if (at === data.length) return;
  throw new ExpectedError(
    'input',
    `32FC1 image has the value ${data[at]} in row ${Math.floor(at / rowLength)}, column ${at % rowLength}`,
    "if the camera marks bad pixels so, set the intensity option nonFinite to 'black'",
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
