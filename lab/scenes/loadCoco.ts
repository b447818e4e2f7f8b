import { readFile, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ExpectedError, reasonOf } from '../../src/errors.js';
import type { Spectrum } from '../../src/spectrum.js';
import { CLASSES } from './classes.js';
import { type LabelledImage, type LabelledObject, SkipReport, usableBox } from './labelled.js';

const MAX_BYTES = 512 * 1024 * 1024;
const side = z.int().min(1).max(65_536);

const schema = z.object({
  images: z.array(
    z.object({
      id: z.int(),
      file_name: z.string().min(1).max(1000),
      width: side,
      height: side,
      time: z.enum(['day', 'night']).optional(),
      drive: z.union([z.int(), z.string().max(200)]).optional(),
      /** Others number their frames in other ways: what is no number is left out. */
      frame: z.int().min(0).optional().catch(undefined),
    }),
  ),
  annotations: z.array(
    z.object({
      image_id: z.int(),
      category_id: z.int(),
      bbox: z.array(z.number()),
      area: z.number().optional(),
      iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
      ignore: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
      /** Only compressed run lengths are read; COCO has polygons too. */
      segmentation: z.unknown().optional(),
    }),
  ),
  categories: z.array(z.object({ id: z.int(), name: z.string().max(200) })),
});

const runLengths = z.object({ size: z.tuple([side, side]), counts: z.string().max(10_000_000) });

export interface CocoOptions {
  /** Class names in the order of the indices that objects get; the study's nine unless given. */
  readonly classes?: readonly string[];
  /** Folder that `file_name` is relative to; the annotation file's own folder unless given. */
  readonly imageFolder?: string;
  readonly spectrum?: Spectrum;
}

/**
 * Reads a COCO annotation file. Pictures that are not there, boxes without area and classes that are not in the list are
 * skipped and reported.
 * @throws ExpectedError `input` where the file is missing, too large or no COCO file
 */
export async function loadCoco(
  file: string,
  options: CocoOptions = {},
): Promise<{ images: LabelledImage[]; report: SkipReport }> {
  const { classes = CLASSES, imageFolder = path.dirname(file), spectrum } = options;
  const coco = await readCoco(file);
  const report = new SkipReport();
  const names = new Map(coco.categories.map(({ id, name }) => [id, name]));
  const objects = new Map<number, LabelledObject[]>();
  const sizes = new Map(coco.images.map((image) => [image.id, image]));
  for (const { image_id, category_id, bbox, area, iscrowd, ignore, segmentation } of coco.annotations) {
    const image = sizes.get(image_id);
    const label = names.get(category_id) ?? `category ${category_id}`;
    const where = `${image?.file_name ?? `image ${image_id}`}: ${label}`;
    const classIndex = classes.indexOf(label);
    if (!image) {
      report.add('missing picture', where);
      continue;
    }
    if (classIndex < 0) {
      report.add('unknown class', where);
      continue;
    }
    const [x = NaN, y = NaN, w = NaN, h = NaN] = bbox;
    const box = usableBox({ x1: x, y1: y, x2: x + w, y2: y + h }, image.width, image.height);
    if (!box) {
      report.add('bad box', `${where} [${bbox.join(', ')}]`);
      continue;
    }
    const own = objects.get(image_id) ?? [];
    const mask = runLengths.safeParse(segmentation).data;
    own.push({
      label,
      classIndex,
      box,
      area: area ?? w * h,
      ignore: !!ignore || !!iscrowd,
      crowd: !!iscrowd,
      ...(mask && { mask }),
    });
    objects.set(image_id, own);
  }
  const root = path.resolve(imageFolder);
  const seen = new Set<number>();
  const images = coco.images.flatMap(({ id, file_name, width, height, time, drive, frame }): LabelledImage[] => {
    const picture = path.resolve(root, file_name);
    const reason = seen.has(id) ? 'duplicate picture' : problemOf(root, picture);
    if (reason) {
      report.add(reason, file_name);
      return [];
    }
    seen.add(id);
    const name = path.basename(file_name, path.extname(file_name));
    return [
      {
        id: name,
        file: picture,
        width,
        height,
        objects: objects.get(id) ?? [],
        ...(spectrum && { spectrum }),
        ...(time && { time }),
        ...(drive !== undefined && { drive: String(drive) }),
        ...(frame !== undefined && { frame }),
      },
    ];
  });
  return { images, report };
}

function problemOf(root: string, picture: string): 'path outside the data set' | 'missing picture' | undefined {
  if (!picture.startsWith(root + path.sep)) return 'path outside the data set';
  return existsSync(picture) ? undefined : 'missing picture';
}

async function readCoco(file: string): Promise<z.infer<typeof schema>> {
  const remedy = 'give the annotations.json of a COCO data set';
  let json: unknown;
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_BYTES}`);
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ExpectedError('input', `cannot read ${file}: ${reasonOf(error)}`, remedy, {
      cause: error,
    });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ExpectedError('input', `${file} is no COCO file: ${issue?.path.join('.')}: ${issue?.message}`, remedy, {
    cause: parsed.error,
  });
}
