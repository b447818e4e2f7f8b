import type { Box } from '../../src/geometry/box.js';
import type { Spectrum } from '../../src/spectrum.js';
import type { RunLengthMask } from './runLength.js';

export interface LabelledObject {
  readonly label: string;
  /** Index in the class list that the loader was given. */
  readonly classIndex: number;
  /** Continuous pixels, inside the picture. */
  readonly box: Box;
  /** Area in square pixels that decides COCO's size range: the mask's where there is one. */
  readonly area: number;
  readonly ignore: boolean;
  readonly crowd: boolean;
  /** The object's own pixels, where the data set has them as COCO run lengths; its counts are not checked yet. */
  readonly mask?: RunLengthMask;
}

/** A picture on disk with its boxes; the picture itself is not opened. */
export interface LabelledImage {
  readonly id: string;
  /** Absolute path. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly spectrum?: Spectrum;
  readonly time?: 'day' | 'night';
  /** Pictures of one drive resemble each other. */
  readonly drive?: string;
  /** Number of the picture in its drive; consecutive numbers are consecutive moments. */
  readonly frame?: number;
  readonly objects: readonly LabelledObject[];
}

/** Why something was left out. */
export type SkipReason =
  | 'missing picture'
  | 'missing band'
  | 'missing annotation'
  | 'bad annotation'
  | 'bad box'
  | 'unknown class'
  | 'duplicate picture'
  | 'path outside the data set';

/** Counts what a loader skipped, with a few examples of each kind. */
export class SkipReport {
  readonly #reasons = new Map<SkipReason, { count: number; examples: string[] }>();

  add(reason: SkipReason, where: string): void {
    const entry = this.#reasons.get(reason) ?? { count: 0, examples: [] };
    entry.count++;
    if (entry.examples.length < 5) entry.examples.push(where);
    this.#reasons.set(reason, entry);
  }

  get total(): number {
    return [...this.#reasons.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Reasons in the order in which they first came up. */
  entries(): { reason: SkipReason; count: number; examples: readonly string[] }[] {
    return [...this.#reasons].map(([reason, entry]) => ({ reason, ...entry }));
  }
}

/**
 * The part of a box inside its picture; undefined for one that is no box at all: coordinates that are not numbers, no area,
 * or wholly outside.
 */
export function usableBox(box: Box, width: number, height: number): Box | undefined {
  const clipped = {
    x1: Math.max(0, box.x1),
    y1: Math.max(0, box.y1),
    x2: Math.min(width, box.x2),
    y2: Math.min(height, box.y2),
  };
  // Written so that NaN fails it too.
  return clipped.x2 > clipped.x1 && clipped.y2 > clipped.y1 ? clipped : undefined;
}
