import { z } from 'zod';
import { SPECTRA } from '../spectrum.js';

/** Fields that manifests of all families share. Descriptions become docs/models.md. */

export const tensorName = z.string().min(1).max(512);
export const positive = z.number().positive().max(1e6);
const triple = (item: z.ZodNumber) => z.tuple([item, item, item]);

/** An input beside the picture, which gets the same value in every run. */
const otherInput = z.object({
  type: z.enum(['float32', 'int64', 'bool']).describe('element type of the input'),
  shape: z.array(z.int().min(1).max(4096)).max(6).describe('its shape'),
  values: z
    .array(z.number())
    .min(1)
    .max(1 << 20)
    .describe('its values; a single one is repeated'),
});

export const inputFields = z.object({
  name: tensorName.describe('the graph’s input that takes the picture'),
  width: z.int().min(32).max(4096).describe('pixels; of a dynamic input the size to use'),
  height: z.int().min(32).max(4096).describe('pixels'),
  channels: z.literal(3).describe('colour channels'),
  layout: z.enum(['nchw', 'nhwc']).default('nchw').describe('order of the input’s axes'),
  order: z.enum(['rgb', 'bgr']).default('rgb').describe('order of the colours; mean and std are in the same order'),
  type: z.enum(['float32', 'float16', 'uint8']).default('float32').describe('element type of the input'),
  mean: triple(z.number().min(-1e6).max(1e6)).describe('see scale'),
  std: triple(positive).describe('see scale'),
  scale: positive.describe('the network takes (pixel / scale − mean) / std, pixels from 0 to 255'),
  resize: z
    .enum(['letterbox-top-left', 'letterbox-centre', 'stretch'])
    .describe('how a picture of another shape is laid into the input'),
  padding: z
    .number()
    .min(0)
    .max(255)
    .optional()
    .describe('grey value around a letterboxed picture; left out: zero after normalisation'),
  others: z
    .record(tensorName, otherInput)
    .optional()
    .describe('inputs beside the picture, which get the same values in every run'),
});

export const commonFields = {
  schemaVersion: z.literal(1).describe('always 1'),
  name: z.string().min(1).max(200).describe('for people and logs'),
  file: z.string().min(1).max(500).describe('the ONNX file, beside the manifest or below its folder'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
    .describe('SHA-256 of the ONNX file'),
  spectra: z.array(z.enum(SPECTRA)).min(1).describe('bands that the network was made for'),
  classes: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(10_000)
    .describe('names, in the order of the network’s outputs'),
  input: inputFields,
  training: z.record(z.string(), z.unknown()).optional().describe('how it was trained, for people'),
};

/** How a network's class outputs become probabilities. */
export const scoring = z.enum(['sigmoid', 'softmax', 'probabilities']);

/** Whether several classes may be detected at one place. */
export const severalClasses = z
  .boolean()
  .describe('true: every class of a place above the threshold is a box; false: the best class only');
