import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ExpectedError, reasonOf } from '../errors.js';
import { MAX_MODEL_BYTES } from '../onnx/modelFile.js';
import { SPECTRA } from '../spectrum.js';

const MAX_MANIFEST_BYTES = 1 << 20;
const tensorName = z.string().min(1).max(512);
const positive = z.number().positive().max(1e6);
const triple = (item: z.ZodNumber) => z.tuple([item, item, item]);

const schema = z
  .object({
    schemaVersion: z.literal(1),
    name: z.string().min(1).max(200),
    /** The ONNX file, beside the manifest or below its folder. */
    file: z.string().min(1).max(500),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
    /** EfficientDet size for the reader's information: d0 … d7, tiny. */
    size: z.string().max(50),
    spectra: z.array(z.enum(SPECTRA)).min(1),
    classes: z.array(z.string().min(1).max(200)).min(1).max(10_000),
    input: z.object({
      name: tensorName,
      width: z.int().min(32).max(4096),
      height: z.int().min(32).max(4096),
      channels: z.literal(3),
      mean: triple(z.number().min(-1e6).max(1e6)),
      std: triple(positive),
      scale: positive,
      resize: z.enum(['letterbox-top-left', 'stretch']),
    }),
    anchors: z
      .object({
        minLevel: z.int().min(1).max(10),
        maxLevel: z.int().min(1).max(10),
        scales: z.array(positive).min(1).max(20),
        aspects: z
          .array(z.tuple([positive, positive]))
          .min(1)
          .max(20),
        anchorScale: positive,
      })
      .refine(({ minLevel, maxLevel }) => maxLevel >= minLevel, 'maxLevel must not be below minLevel'),
    boxCoding: z.literal('yxhw'),
    /** One tensor a level, [N, A·C, h, w] and [N, A·4, h, w], or one over all levels, [N, anchors, C] and [N, anchors, 4]. */
    outputs: z.object({
      classLogits: z.array(tensorName).min(1).max(10),
      boxRegression: z.array(tensorName).min(1).max(10),
      headFeatures: z.array(tensorName).min(1).max(10).optional(),
      /** What enters the feature pyramid, finest first, [N, F, h, w]; found by walking the graph where it is left out. */
      backboneFeatures: z.array(tensorName).min(1).max(10).optional(),
    }),
    classHead: z
      .object({ depthwise: tensorName, pointwise: tensorName, pointwiseBias: tensorName.optional() })
      .optional(),
    training: z.record(z.string(), z.unknown()).optional(),
  })
  .superRefine(({ outputs, anchors }, context) => {
    const levels = anchors.maxLevel - anchors.minLevel + 1;
    for (const key of ['classLogits', 'boxRegression', 'headFeatures'] as const) {
      const count = outputs[key]?.length ?? levels;
      if (count !== levels && !(count === 1 && key !== 'headFeatures'))
        context.addIssue({
          code: 'custom',
          path: ['outputs', key],
          message: `${count} names for ${levels} levels (${anchors.minLevel} to ${anchors.maxLevel})`,
        });
    }
  });

/** What a runtime has to know about an EfficientDet ONNX file (schema version 1). */
export type ModelManifest = Readonly<z.infer<typeof schema>>;

/** A manifest, where it was found, and the ONNX file that it describes. */
export interface ModelFiles {
  readonly manifest: ModelManifest;
  readonly manifestPath: string;
  readonly modelPath: string;
  /** Content of the ONNX file; its SHA-256 is the manifest's. */
  readonly bytes: Uint8Array;
}

/**
 * Checks the content of a manifest.
 * @param source how messages name it
 * @throws ExpectedError `model` that lists every field that is wrong
 */
export function parseManifest(value: unknown, source: string): ModelManifest {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 10)
    .map(({ path: at, message }) => `${at.join('.') || '(top)'}: ${message}`);
  throw new ExpectedError(
    'model',
    `the model manifest ${source} does not hold: ${problems.join('; ')}`,
    'correct these fields; the manifests in models/ are examples',
  );
}

/**
 * Reads a manifest and the ONNX file beside it.
 * @throws ExpectedError `model` for an unreadable or invalid manifest, a file outside the manifest's folder, or a hash that differs
 */
export async function readModelFiles(manifestPath: string): Promise<ModelFiles> {
  const manifest = await readManifest(manifestPath);
  const folder = path.resolve(path.dirname(manifestPath));
  const modelPath = path.resolve(folder, manifest.file);
  if (!modelPath.startsWith(folder + path.sep))
    throw new ExpectedError(
      'model',
      `the manifest ${manifestPath} points outside its folder: ${manifest.file}`,
      'put the ONNX file beside its manifest',
    );
  const bytes = await readBounded(modelPath, MAX_MODEL_BYTES, 'ONNX file');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== manifest.sha256)
    throw new ExpectedError(
      'model',
      `${modelPath} is not the file that ${manifestPath} describes: SHA-256 ${sha256}, expected ${manifest.sha256}`,
      'copy both files again from the same place',
    );
  return { manifest, manifestPath, modelPath, bytes };
}

async function readManifest(manifestPath: string): Promise<ModelManifest> {
  const bytes = await readBounded(manifestPath, MAX_MANIFEST_BYTES, 'model manifest');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ExpectedError(
      'model',
      `the model manifest ${manifestPath} is no JSON: ${reasonOf(cause)}`,
      'give the .json file that lies beside the ONNX file',
      { cause },
    );
  }
  return parseManifest(value, manifestPath);
}

async function readBounded(file: string, limit: number, what: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size <= limit) return await readFile(file);
  } catch (cause) {
    throw new ExpectedError('model', `the ${what} ${file} cannot be read: ${reasonOf(cause)}`, 'check the path', {
      cause,
    });
  }
  throw new ExpectedError(
    'model',
    `the ${what} ${file} is larger than ${limit} bytes`,
    'check that it is the right file',
  );
}
