import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import type { Box } from '../../src/geometry/box.js';
import { reasonOf } from '../../src/errors.js';

export interface VocObject {
  readonly name: string;
  /** Continuous pixel coordinates. */
  readonly box: Box;
  readonly difficult: boolean;
  readonly truncated?: boolean;
}

export interface VocAnnotation {
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly objects: readonly VocObject[];
}

/** A bad file: the message says what is wrong with it. */
export class VocError extends Error {
  override readonly name = 'VocError';
}

/** Larger files are refused: a real one has a few kilobytes. */
export const MAX_VOC_BYTES = 4 * 1024 * 1024;

const builder = new XMLBuilder({ format: true });

/** Pascal VOC XML. Its coordinates are whole pixels that count from 1 and include the last one. */
export function formatVoc({ fileName, width, height, depth, objects }: VocAnnotation): string {
  return builder.build({
    annotation: {
      filename: fileName,
      size: { width, height, depth },
      segmented: 0,
      object: objects.map(({ name, box, difficult, truncated }) => ({
        name,
        pose: 'Unspecified',
        truncated: truncated ? 1 : 0,
        difficult: difficult ? 1 : 0,
        bndbox: { xmin: box.x1 + 1, ymin: box.y1 + 1, xmax: box.x2, ymax: box.y2 },
      })),
    },
  });
}

// Files with a document type are refused before, so only XML's own five entities are left to expand.
const parser = new XMLParser({ processEntities: true, parseTagValue: false, isArray: (name) => name === 'object' });

/**
 * Reads Pascal VOC XML.
 * @throws VocError for a file that is too large, is no XML, declares a document type, or lacks what is needed. Boxes are not
 * judged here: the loader reports bad ones with the picture's size at hand.
 */
export function parseVoc(xml: string): VocAnnotation {
  if (xml.length > MAX_VOC_BYTES) throw new VocError(`is larger than ${MAX_VOC_BYTES} characters`);
  if (/<!(DOCTYPE|ENTITY)/i.test(xml)) throw new VocError('declares a document type, which VOC files never need');
  let tree: unknown;
  try {
    tree = parser.parse(xml, true);
  } catch (error) {
    throw new VocError(`is no well-formed XML: ${reasonOf(error)}`);
  }
  const annotation = field(tree, 'annotation');
  if (annotation === undefined) throw new VocError('has no <annotation>');
  const size = field(annotation, 'size');
  const objects = field(annotation, 'object');
  return {
    fileName: text(field(annotation, 'filename')),
    width: number(field(size, 'width'), 0),
    height: number(field(size, 'height'), 0),
    depth: number(field(size, 'depth'), 3),
    objects: Array.isArray(objects) ? objects.map(objectOf) : [],
  };
}

function objectOf(node: unknown): VocObject {
  const box = field(node, 'bndbox');
  return {
    name: text(field(node, 'name')).trim(),
    box: {
      x1: number(field(box, 'xmin'), NaN) - 1,
      y1: number(field(box, 'ymin'), NaN) - 1,
      x2: number(field(box, 'xmax'), NaN),
      y2: number(field(box, 'ymax'), NaN),
    },
    difficult: text(field(node, 'difficult')).trim() === '1',
    truncated: text(field(node, 'truncated')).trim() === '1',
  };
}

function field(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown, otherwise: number): number {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
  return Number.isFinite(parsed) ? parsed : otherwise;
}
