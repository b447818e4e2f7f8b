import { readdir, readFile, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ExpectedError } from '../../src/errors.js';
import type { Spectrum } from '../../src/spectrum.js';
import { CLASSES } from './classes.js';
import { type LabelledImage, type LabelledObject, SkipReport, usableBox } from './labelled.js';
import { MAX_VOC_BYTES, parseVoc, type VocAnnotation, VocError } from './vocXml.js';

const PICTURE = /\.(png|jpe?g|tiff?|bmp)$/i;

export interface VocOptions {
  /** Folder of the pictures. */
  readonly images: string;
  /** Folder of the XML files, named like the pictures. */
  readonly annotations: string;
  /** Class names in the order of the indices that objects get; the study's nine unless given. */
  readonly classes?: readonly string[];
  readonly spectrum?: Spectrum;
  /** Only these picture names (without extension); all in the folder unless given. */
  readonly ids?: ReadonlySet<string>;
  /** Collects what is skipped; a new one unless given. */
  readonly report?: SkipReport;
}

/**
 * Reads a folder of pictures with a Pascal VOC file each. Objects marked `difficult` become `ignore`.
 * @throws ExpectedError `input` where a folder cannot be read
 */
export async function loadVoc(options: VocOptions): Promise<{ images: LabelledImage[]; report: SkipReport }> {
  const { classes = CLASSES, report = new SkipReport(), spectrum, ids } = options;
  const files = (await list(options.images)).filter((name) => PICTURE.test(name)).sort();
  const images: LabelledImage[] = [];
  const seen = new Set<string>();
  for (const name of files) {
    const id = path.parse(name).name;
    if (ids && !ids.has(id)) continue;
    if (seen.has(id)) {
      report.add('duplicate picture', path.join(options.images, name));
      continue;
    }
    seen.add(id);
    const file = path.join(options.annotations, `${id}.xml`);
    if (!existsSync(file)) {
      report.add('missing annotation', file);
      continue;
    }
    const annotation = await read(file, report);
    if (!annotation) continue;
    const { width, height } = annotation;
    images.push({
      id,
      file: path.resolve(options.images, name),
      width,
      height,
      objects: objectsOf(annotation, classes, file, report),
      ...(spectrum && { spectrum }),
    });
  }
  for (const id of ids ?? []) if (!seen.has(id)) report.add('missing picture', `${id} in ${options.images}`);
  return { images, report };
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new ExpectedError('input', `cannot list ${folder}`, 'give the folder of the pictures of one spectrum', {
      cause: error,
    });
  }
}

async function read(file: string, report: SkipReport): Promise<VocAnnotation | undefined> {
  try {
    if ((await stat(file)).size > MAX_VOC_BYTES) throw new VocError('is too large');
    const annotation = parseVoc(await readFile(file, 'utf8'));
    if (annotation.width < 1 || annotation.height < 1) throw new VocError('does not say the size of its picture');
    return annotation;
  } catch (error) {
    if (!(error instanceof VocError)) throw error;
    report.add('bad annotation', `${file} ${error.message}`);
    return undefined;
  }
}

function objectsOf(
  { objects, width, height }: VocAnnotation,
  classes: readonly string[],
  file: string,
  report: SkipReport,
): LabelledObject[] {
  return objects.flatMap(({ name, box, difficult }) => {
    const classIndex = classes.indexOf(name);
    const usable = usableBox(box, width, height);
    if (classIndex < 0) report.add('unknown class', `${file}: ${name}`);
    else if (!usable) report.add('bad box', `${file}: ${name} [${box.x1}, ${box.y1}, ${box.x2}, ${box.y2}]`);
    if (classIndex < 0 || !usable) return [];
    const area = (usable.x2 - usable.x1) * (usable.y2 - usable.y1);
    return [{ label: name, classIndex, box: usable, area, ignore: difficult, crowd: false }];
  });
}
