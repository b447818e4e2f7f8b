import { z } from 'zod';
import { EXPLAIN_METHODS, EXPLAIN_PRESETS, VEHICLE_METHOD } from '../explain/settings.js';
import { QUEUE_ORDERS } from '../explain/queue/explainQueue.js';
import { perceptionSchema } from '../perception/configSchema.js';
import type { NodeParameters } from './parameterSchema.js';

const pictures = perceptionSchema.shape.pictures.unwrap().shape;

/** Fixed at start. */
export const explainStartSchema = z.strictObject({
  config_file: z
    .string()
    .default('')
    .describe('Perception configuration (YAML), as the perception node has it: bands, models. Empty: all four bands.'),
  'frame_log.folder': z
    .string()
    .default('')
    .describe('Frame log of the perception node, whose frames are explained. Empty: only the action is served.'),
  'results.folder': z
    .string()
    .default('')
    .describe('Where results and the journal are kept. Empty: the folder `explained` in the frame log.'),
  'results.max_megabytes': z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2000)
    .describe('Size of the results; the oldest go when it is full.'),
  'queue.order': z
    .enum(QUEUE_ORDERS)
    .default('newest-first')
    .describe('Which of the frames that wait is explained next.'),
  'queue.max_waiting': z
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe('Frame sets that may wait; of more, those that would come last are skipped and counted.'),
  'queue.poll_period': z
    .number()
    .min(0.05)
    .max(3600)
    .default(1)
    .describe('Seconds between two looks at the frame log.'),
  diagnostics_period: z.number().min(0.1).max(60).default(1).describe('Seconds between two messages on /diagnostics.'),
  watchdog_timeout: z
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .describe('A main thread that is silent for so long (seconds) hangs: the process ends with code 70. 0: off.'),
});

/** Changeable while the node runs; what is in work goes on as it was begun. */
export const explainRuntimeSchema = z.strictObject({
  method: z.enum(EXPLAIN_METHODS).default(VEHICLE_METHOD).describe('How boxes are explained.'),
  preset: z
    .enum(EXPLAIN_PRESETS)
    .default('default')
    .describe('Settings of the method: paper (as the study), default (measured: the same maps in less time).'),
  passes: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('Forward passes for one frame of RISE and its relatives. 0: as many as the preset has.'),
  seed: z.int().min(0).max(0xffff_ffff).default(0).describe('Seed of everything random.'),
  max_boxes: z.int().min(1).max(1000).default(20).describe('Boxes of one frame that are explained, best score first.'),
  'budget.cores': z
    .number()
    .min(0.01)
    .max(1024)
    .default(0.5)
    .describe('Processor time that the queue may take: 0.5 is half a core. The action is not held back.'),
  'budget.frames_per_minute': z
    .number()
    .min(0.001)
    .max(6000)
    .default(30)
    .describe('Frames of the queue, each one image of one band, that are begun in a minute at most.'),
  overlay_opacity: pictures.overlayOpacity,
  color_map: pictures.colorMap,
  jpeg_quality: pictures.jpegQuality,
});

export type ExplainStartParameters = z.output<typeof explainStartSchema>;
export type ExplainRuntimeParameters = z.output<typeof explainRuntimeSchema>;

export const EXPLAIN_PARAMETERS: NodeParameters = {
  node: 'explain_node',
  start: explainStartSchema,
  runtime: explainRuntimeSchema,
  configured: ['overlay_opacity', 'color_map', 'jpeg_quality'],
  source: 'src/ros/explainParameters.ts',
  about: [
    'ROS parameters of the explain node, with their defaults. It reads the frame log of a perception node (frame_log.folder there), and',
    'the same perception configuration (config_file), whose models it explains.',
  ],
};
