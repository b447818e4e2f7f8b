import type { Box } from '../../src/geometry/box.js';
import type { Size } from '../../src/geometry/letterbox.js';
import { Random } from '../scenes/random.js';

/** What a planted score depends on. */
export const REASON_KINDS = [
  'whole box',
  'part of the box',
  'beside the box',
  'far away',
  'box or cue',
  'box and cue',
  'two cues',
  'cue that lowers',
] as const;
export type ReasonKind = (typeof REASON_KINDS)[number];

export const BOX_SIZES = ['small', 'medium', 'large'] as const;
export type BoxSize = (typeof BOX_SIZES)[number];

/** A place that a score depends on. */
export interface Place {
  readonly name: 'box' | 'cue';
  readonly region: Box;
  /**
   * The share v of the place that is seen counts as `h(v) = (σ((v − threshold)/width) − σ(−threshold/width)) / (σ((1 − threshold)/width) − σ(−threshold/width))`:
   * nothing of it is 0, all of it is 1.
   */
  readonly threshold: number;
  readonly width: number;
}

/** A detector's answer about one box as a formula of what is seen, `f = Σ_j weight_j Π_{k ∈ of_j} h(v_k)`. */
export interface PlantedCase {
  readonly id: string;
  readonly kind: ReasonKind;
  readonly size: BoxSize;
  readonly seed: number;
  /** The picture, in pixels. */
  readonly content: Size;
  /** The detection's box, wherever its reason lies. */
  readonly box: Box;
  /** No cell of a mask lies over two of them. */
  readonly places: readonly Place[];
  readonly terms: readonly { readonly weight: number; readonly of: readonly number[] }[];
  /**
   * What else a score depends on, as noise: f is multiplied by 1 + roughness · u, u uniform in [−1, 1] and drawn by the mask as a whole. It
   * leaves the exact map alone.
   */
  readonly roughness: number;
}

/** Pixels of a picture and cells of its masks along each side: the default's. */
export const CONTENT: Size = { width: 512, height: 512 };
export const CELLS = 8;
const CELL = CONTENT.width / CELLS;
/** Sides of boxes in pixels: half a cell, more than one, nearly three. */
const SIDES: Readonly<Record<BoxSize, readonly [number, number]>> = {
  small: [26, 44],
  medium: [64, 100],
  large: [140, 190],
};
/** Share of the masks in which enough of a place is seen: what was seen of the shipped networks' boxes. */
const SEEN: readonly [number, number] = [0.08, 0.3];
/** Cells that have to lie between places (a stretched cell is 9/8 of one), so that none of a mask's cells shows something of both. */
const APART = 2.3;

/** Every kind and size for each seed. */
export function plantedCases(seeds: readonly number[]): PlantedCase[] {
  return seeds.flatMap((seed) =>
    BOX_SIZES.flatMap((size) => REASON_KINDS.map((kind) => plantedCase(kind, size, seed))),
  );
}

export function plantedCase(kind: ReasonKind, size: BoxSize, seed: number): PlantedCase {
  const id = `${kind}, ${size}, ${seed}`;
  const random = new Random(seed, id);
  const cue = (): [number, number] => [random.range(36, 72), random.range(36, 72)];
  const sides = (): [number, number] => [random.range(...SIDES[size]), random.range(...SIDES[size])];
  const make = (regions: readonly (readonly [Place['name'], Box])[]): Place[] =>
    regions.map(([name, region]) => placed(name, region, random));
  const common = { id, kind, size, seed, content: CONTENT, roughness: 0.3 };
  switch (kind) {
    case 'whole box': {
      const [box] = apart([sides()], random);
      return { ...common, box, places: make([['box', box]]), terms: [{ weight: 1, of: [0] }] };
    }
    case 'part of the box': {
      const [box] = apart([sides()], random);
      return { ...common, box, places: make([['box', third(box, random)]]), terms: [{ weight: 1, of: [0] }] };
    }
    case 'beside the box': {
      const [box] = apart([sides()], random);
      return { ...common, box, places: make([['cue', beside(box, cue(), random)]]), terms: [{ weight: 1, of: [0] }] };
    }
    case 'far away': {
      const [box, far] = apart([sides(), cue()], random);
      return { ...common, box, places: make([['cue', far]]), terms: [{ weight: 1, of: [0] }] };
    }
    case 'box or cue': {
      const [box, far] = apart([sides(), cue()], random);
      // 1 − (1 − a·h₀)(1 − b·h₁): either will do, and the one outside is the stronger.
      const [a, b] = [0.7, 0.9];
      const places = make([
        ['box', box],
        ['cue', far],
      ]);
      const terms = [
        { weight: a, of: [0] },
        { weight: b, of: [1] },
        { weight: -a * b, of: [0, 1] },
      ];
      return { ...common, box, places, terms };
    }
    case 'box and cue': {
      const [box, far] = apart([sides(), cue()], random);
      const places = make([
        ['box', box],
        ['cue', far],
      ]);
      // Something of the score is left without the cue.
      const terms = [
        { weight: 0.15, of: [0] },
        { weight: 0.85, of: [0, 1] },
      ];
      return { ...common, box, places, terms };
    }
    case 'two cues': {
      const [box, one, other] = apart([sides(), cue(), cue()], random);
      const places = make([
        ['cue', one],
        ['cue', other],
      ]);
      const terms = [
        { weight: 0.55, of: [0] },
        { weight: 0.45, of: [1] },
      ];
      return { ...common, box, places, terms };
    }
    case 'cue that lowers': {
      const [box, far] = apart([sides(), cue()], random);
      const places = make([
        ['box', box],
        ['cue', far],
      ]);
      const terms = [
        { weight: 1, of: [0] },
        { weight: -0.9, of: [0, 1] },
      ];
      return { ...common, box, places, terms };
    }
  }
}

/**
 * A place whose threshold is passed by a drawn share of the masks. The variance of the share that is seen is estimated from the place's
 * size in cells; its exact distribution does not matter, as the exact map is worked out from the threshold.
 */
function placed(name: Place['name'], region: Box, random: Random): Place {
  const cells = ((region.x2 - region.x1) / CELL + 1) * ((region.y2 - region.y1) / CELL + 1);
  const seen = random.range(...SEEN);
  // Chebyshev-like, from a table of what masks with p = 0.1 show: many cells average out.
  const threshold = 0.1 + (0.55 * (1 - seen / 0.45)) / Math.sqrt(cells / 2.5);
  return { name, region, threshold, width: 0.06 };
}

/** Boxes of the given sides at random places, APART cells from one another. */
function apart(sides: readonly (readonly [number, number])[], random: Random): Box[] {
  for (;;) {
    const boxes = sides.map(([width, height]): Box => {
      const x1 = random.range(8, CONTENT.width - 8 - width);
      const y1 = random.range(8, CONTENT.height - 8 - height);
      return { x1, y1, x2: x1 + width, y2: y1 + height };
    });
    if (boxes.every((a, i) => boxes.slice(0, i).every((b) => gap(a, b) >= APART * CELL))) return boxes;
  }
}

/** The larger of the horizontal and the vertical distance. */
function gap(a: Box, b: Box): number {
  return Math.max(a.x1 - b.x2, b.x1 - a.x2, a.y1 - b.y2, b.y1 - a.y2);
}

/** The upper or lower third of a box, or the left or right one. */
function third(box: Box, random: Random): Box {
  const [width, height] = [(box.x2 - box.x1) / 3, (box.y2 - box.y1) / 3];
  return random.pick([
    { ...box, y2: box.y1 + height },
    { ...box, y1: box.y2 - height },
    { ...box, x2: box.x1 + width },
    { ...box, x1: box.x2 - width },
  ]);
}

/** A region that touches the box at the side where there is more room. */
function beside(box: Box, [width, height]: readonly [number, number], random: Random): Box {
  const right = CONTENT.width - box.x2 > box.x1;
  const x1 = right ? box.x2 : box.x1 - width;
  const middle = random.range(box.y1, box.y2);
  const y1 = Math.min(Math.max(middle - height / 2, 0), CONTENT.height - height);
  return { x1, y1, x2: x1 + width, y2: y1 + height };
}
