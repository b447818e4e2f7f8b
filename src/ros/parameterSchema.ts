import { z } from 'zod';
import { fusionSchema } from '../fusion/fusionSchema.js';
import { perceptionSchema } from '../perception/configSchema.js';
import type { Spectrum } from '../spectrum.js';

const detection = perceptionSchema.shape.detection.unwrap().shape;
const explanation = perceptionSchema.shape.explanation.unwrap().shape;
const pictures = perceptionSchema.shape.pictures.unwrap().shape;

const seconds = (fallback: number): z.ZodDefault<z.ZodNumber> => z.number().min(0).max(3600).default(fallback);

const transport = (spectrum: Spectrum): z.ZodDefault<z.ZodEnum<{ raw: 'raw'; compressed: 'compressed' }>> =>
  z
    .enum(['raw', 'compressed'])
    .default('raw')
    .describe(
      `Messages of the ${spectrum} camera: raw is sensor_msgs/Image, compressed is CompressedImage on …/compressed.`,
    );

/** Fixed at start: changing them would need other models, other subscriptions or another process. */
export const startSchema = z.strictObject({
  config_file: z
    .string()
    .default('')
    .describe(
      'Perception configuration (YAML, as `msal replay` takes it): bands, models, synchronisation. Empty: all four bands.',
    ),
  autostart: z
    .boolean()
    .default(false)
    .describe(
      'Configure and activate without a lifecycle manager. The process then ends when the models cannot be loaded.',
    ),
  diagnostics_period: z.number().min(0.1).max(60).default(1).describe('Seconds between two messages on /diagnostics.'),
  watchdog_timeout: seconds(10).describe(
    'An image in work for longer than this (seconds) means a hang in native code: the process ends with code 70. 0: off.',
  ),
  'frame_log.folder': z
    .string()
    .default('')
    .describe('Where frames worth explaining are kept, one MCAP file for each moment. Empty: no frame log.'),
  'frame_log.max_megabytes': z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2000)
    .describe('Size of the frame log; the oldest files go when it is full.'),
  'drift.baseline': z
    .string()
    .default('')
    .describe(
      'File that `msal replay --baseline` wrote: what is seen is held against it in /diagnostics, and images for the frame log too. Empty: it is not.',
    ),
  'drift.window': z
    .number()
    .min(1)
    .max(86_400)
    .default(1800)
    .describe('Seconds that are held against the baseline; no verdict before half of them.'),
  'rgb.transport': transport('rgb'),
  'nir.transport': transport('nir'),
  'mir.transport': transport('mir'),
  'fir.transport': transport('fir'),
});

/** Changeable while the node runs. Defaults of the first block come from the configuration file. */
export const runtimeSchema = z.strictObject({
  score_threshold: detection.scoreThreshold,
  iou_threshold: detection.iouThreshold,
  max_detections: detection.maxDetections,
  grad_cam: explanation.gradCam,
  overlay_opacity: pictures.overlayOpacity,
  color_map: pictures.colorMap,
  jpeg_quality: pictures.jpegQuality,
  publish_maps: z
    .boolean()
    .default(false)
    .describe('Whether ExplainedDetections carry the low-resolution saliency map of each detection.'),
  'fusion.enabled': z
    .boolean()
    .default(false)
    .describe(
      'Whether the detections of all bands are fused in one view. Needs the section fusion of the configuration, and is on where that is there.',
    ),
  'fusion.iou_threshold': fusionSchema.shape.iouThreshold,
  'frame_log.period': seconds(60).describe('Seconds between two frames kept for no other reason. 0: none are.'),
  'frame_log.middling_low': z
    .number()
    .min(0)
    .max(1)
    .default(0.4)
    .describe('A detection with a score from here to frame_log.middling_high makes a frame worth keeping.'),
  'frame_log.middling_high': z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe('See frame_log.middling_low; below it, no frame is kept for its scores.'),
  'frame_log.unusual_attention': z
    .number()
    .min(0)
    .max(0.5)
    .default(0.001)
    .describe(
      'A frame is kept when the attention figures of an image are as extreme as in at most this share of the images of its band: those of the drift baseline, or those before it. 0: none is.',
    ),
  'frame_log.disagreement': z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe(
      'A frame is kept when one band alone sees something with a score above this that other bands should see (fusion.expect of the configuration). 1: none is.',
    ),
  'frame_log.rest': seconds(10).describe(
    'Least distance between two frames kept for the same kind of finding, seconds.',
  ),
  'diagnostics.age_warn': seconds(0.5).describe('WARN when the newest image of a band is older than this, seconds.'),
  'diagnostics.age_error': seconds(2).describe('ERROR when the newest image of a band is older than this, seconds.'),
  'diagnostics.stamp_age_warn': seconds(1).describe(
    'WARN when stamps lie further than this (seconds) from the node’s clock on arrival: a stale or unsynchronised clock.',
  ),
  'diagnostics.latency_warn': z
    .number()
    .min(0)
    .max(60_000)
    .default(100)
    .describe('WARN when the median time from arrival to published detections is above this, milliseconds.'),
  'diagnostics.latency_error': z
    .number()
    .min(0)
    .max(60_000)
    .default(1000)
    .describe('ERROR when the median time from arrival to published detections is above this, milliseconds.'),
  'drift.min_samples': z
    .int()
    .min(1)
    .max(1_000_000)
    .default(500)
    .describe('Fewest values of a figure, in the window and in the baseline, for a verdict on its drift.'),
  'drift.warn': z
    .number()
    .min(0)
    .max(100)
    .default(0.25)
    .describe(
      'WARN when the population stability index of a figure rises above this. Usual: 0.1 moderate, 0.25 large.',
    ),
  'drift.clear': z
    .number()
    .min(0)
    .max(100)
    .default(0.15)
    .describe('The warning ends when the index has fallen below this; above drift.warn, that one counts.'),
  'diagnostics.drop_warn': z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('WARN when more than this share of a band’s images is dropped because the detector is busy.'),
});

export type StartParameters = z.output<typeof startSchema>;
export type RuntimeParameters = z.output<typeof runtimeSchema>;

/** What ROS tools and the documentation say about one parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly kind: 'bool' | 'integer' | 'double' | 'string';
  readonly default: boolean | number | string;
  readonly description: string;
  readonly readOnly: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
}

/** The parameters of one node. */
export interface NodeParameters {
  /** Name of the node, which its files carry too. */
  readonly node: string;
  /** Read at start only. */
  readonly start: z.ZodObject;
  /** Changeable while the node runs. */
  readonly runtime: z.ZodObject;
  /** Those whose defaults come from the configuration file. */
  readonly configured: readonly string[];
  /** Source of the schemas, for the documentation. */
  readonly source: string;
  /** Comment at the head of the node's parameter file, a line each. */
  readonly about: readonly string[];
}

export const PERCEPTION_PARAMETERS: NodeParameters = {
  node: 'perception_node',
  start: startSchema,
  runtime: runtimeSchema,
  configured: [
    ...['score_threshold', 'iou_threshold', 'max_detections', 'grad_cam'],
    ...['overlay_opacity', 'color_map', 'jpeg_quality'],
  ],
  source: 'src/ros/parameterSchema.ts',
  about: [
    'ROS parameters of the perception node, with their defaults. What cameras there are, their topics and their models stand in the',
    'perception configuration (config_file), which `msal replay` reads too.',
  ],
};

/** All parameters in the order of the schemas. */
export function parameterSpecs({ start, runtime }: NodeParameters = PERCEPTION_PARAMETERS): ParameterSpec[] {
  return [...specsOf(start, true), ...specsOf(runtime, false)];
}

/** The parameters of one schema. @param readOnly whether they are read at start only */
export function specsOf(schema: z.ZodObject, readOnly: boolean): ParameterSpec[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const { type, description, minimum, maximum, enum: choices, ...rest } = z.toJSONSchema(field as z.ZodType);
    const fallback = rest.default as ParameterSpec['default'];
    return {
      name,
      kind: type === 'boolean' ? 'bool' : type === 'integer' ? 'integer' : type === 'number' ? 'double' : 'string',
      default: fallback,
      description: description ?? '',
      readOnly,
      ...(minimum !== undefined && { minimum }),
      ...(maximum !== undefined && { maximum }),
      ...(choices !== undefined && { choices: choices as string[] }),
    };
  });
}
