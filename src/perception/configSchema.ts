import { z } from 'zod';
import { PROVIDERS } from '../detector/providers.js';
import { fusionSchema } from '../fusion/fusionSchema.js';
import { COLOR_MAP_NAMES } from '../images/colorMap.js';
import { DEFAULT_INTENSITY, intensitySchema } from '../images/intensity.js';
import { GRAD_CAM_VARIANTS } from './gradCam.js';
import { SPECTRA } from '../spectrum.js';

/** A day: no duration of the configuration makes sense beyond it. */
const DAY_MS = 86_400_000;

const milliseconds = () => z.number().min(0).max(DAY_MS);
const positiveMilliseconds = () => z.number().positive().max(DAY_MS);

const cameraSchema = z.strictObject({
  topic: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe(
      'Topic of the images (sensor_msgs Image or CompressedImage). Left out: a replay guesses it from the names.',
    ),
  model: z
    .string()
    .min(1)
    .max(4096)
    .describe(
      'Manifest (.json) of the model for this band; a relative path starts at the folder of the configuration file.',
    ),
  intensity: intensitySchema
    .default(DEFAULT_INTENSITY)
    .describe('How images deeper than 8 bit are brought to 8 bit; 8-bit images are taken as they are.'),
});

const detectionSchema = z.strictObject({
  scoreThreshold: z.number().min(0).max(1).default(0.3).describe('Lowest score of a detection.'),
  iouThreshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Boxes of one class that overlap a better one by more than this (intersection over union) are dropped.'),
  maxDetections: z.int().min(1).max(1000).default(100).describe('Most detections per image, best first.'),
  topK: z
    .int()
    .min(1)
    .max(10_000)
    .default(512)
    .describe('Anchors per image that are looked at, best first, before thresholds and overlap.'),
});

const explanationSchema = z.strictObject({
  gradCam: z
    .enum([...GRAD_CAM_VARIANTS, 'off'])
    .default('study')
    .describe(
      'What Grad-CAM does with negative contributions: study (dropped in each feature map, then summed), usual (summed, then dropped), none (kept); off: no maps.',
    ),
});

const synchronizationSchema = z.strictObject({
  policy: z
    .enum(['exact', 'approximate'])
    .default('approximate')
    .describe('exact: equal stamps only. approximate: stamps at most maxSkewMs apart.'),
  maxSkewMs: milliseconds()
    .default(20)
    .describe('Largest distance of stamps in a set; best below half the shortest camera period.'),
  waitMs: positiveMilliseconds()
    .default(100)
    .describe('How long a frame waits for the other bands before its set goes out without them.'),
  absentAfterMs: positiveMilliseconds()
    .default(1000)
    .describe('A band that has been silent for so long is not waited for until it speaks again.'),
  queueSize: z.int().min(1).max(1000).default(10).describe('Frames of one band that may wait; the oldest is dropped.'),
  clockJumpMs: positiveMilliseconds()
    .default(1000)
    .describe(
      'Stamps further back, or further ahead, than this are followed when other images bear them out (a looped bag, a reset clock); else left out.',
    ),
});

const picturesSchema = z.strictObject({
  overlayOpacity: z.number().min(0).max(1).default(0.6).describe('How much of the picture the hottest places hide.'),
  colorMap: z
    .enum(COLOR_MAP_NAMES)
    .default('inferno')
    .describe(`Colours of the heat map: ${COLOR_MAP_NAMES.join(', ')}.`),
  jpegQuality: z.int().min(1).max(100).default(85).describe('Quality of overlay and thumbnail JPEGs.'),
  thumbnailSide: z.int().min(16).max(4096).default(640).describe('Longest side of thumbnails, pixels.'),
});

const executionSchema = z.strictObject({
  mode: z
    .enum(['throughput', 'latency'])
    .default('throughput')
    .describe(
      'throughput: a single-threaded session per core, several frames in work (recordings). latency: one session over all cores (live).',
    ),
  providers: z
    .array(z.enum(PROVIDERS))
    .min(1)
    .max(PROVIDERS.length)
    .default(['cpu'])
    .describe('Execution providers in order of preference; the first that works and agrees with the CPU is used.'),
  workers: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Detector threads; a GPU wants one or two. Left out: one per core, or one for latency.'),
  threads: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('CPU threads of one inference. Left out: 1, or all cores for latency.'),
});

/**
 * Configuration of the perception pipeline, shared by replay and the ROS node. Every field is described here; the
 * documentation's tables and config/*.yaml are made from or checked against these descriptions.
 */
export const perceptionSchema = z.strictObject({
  cameras: z
    .partialRecord(z.enum(SPECTRA), cameraSchema)
    .refine((cameras) => Object.keys(cameras).length > 0, `name at least one of ${SPECTRA.join(', ')}`)
    .describe('One entry per camera band: rgb, nir, mir, fir. Leave out a band that the vehicle does not have.'),
  detection: detectionSchema.prefault({}).describe('What counts as a detection.'),
  explanation: explanationSchema.prefault({}).describe('Maps that say where each detection came from.'),
  synchronization: synchronizationSchema.prefault({}).describe('How frames of several cameras are grouped by stamp.'),
  pictures: picturesSchema.prefault({}).describe('Overlays and thumbnails.'),
  fusion: fusionSchema
    .optional()
    .describe('Detections of all bands fused in the view of one of them. Left out: none are.'),
  execution: executionSchema.prefault({}).describe('What runs where.'),
});

/** A checked configuration: every default filled in. Model paths are absolute once it has been loaded (see loadConfig). */
export type PerceptionConfig = z.output<typeof perceptionSchema>;
export type CameraConfig = z.output<typeof cameraSchema>;
