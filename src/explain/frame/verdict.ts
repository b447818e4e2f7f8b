import type { Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import { attentionFigures } from '../../maps/attention.js';
import { boxBlob } from '../../maps/boxBlob.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import type { Explanation } from '../explanation.js';

/** What a map of a method that draws masks says about where the reason lies. */
export type VerdictKind = 'inside' | 'partly beside' | 'elsewhere' | 'nothing' | 'too few passes';

export interface Verdict {
  readonly kind: VerdictKind;
  /** One sentence. */
  readonly text: string;
}

/** Passes that found the box: below, nobody can tell. */
const LEAST_FOUND = 12;
/** Estimated correlation with the map of infinitely many masks: below, nobody can tell. */
const LEAST_CONVERGENCE = 0.6;
/** Standard errors that the highest rise has to stand out by, and that a value has to lie above the floor by to count. */
const STANDS_OUT = 3;
const COUNTS = 2;
/** Of what a blob at the box would have there. */
const MOSTLY = 0.65;
const HARDLY = 0.2;

/**
 * Where the reason lies: of the rise above the map's floor (its median) by more than twice its standard error, the share that lies within a cell of the
 * box, in units of what a blob at the box has there, as masks draw even a thing that fills the box larger than it is. At least 0.65 is mostly inside,
 * below 0.2 elsewhere. Without a standard error every rise above half the highest counts.
 * @returns undefined for methods that draw no masks
 */
export function verdictOf({ request, targets, passes }: Explanation, index: number): Verdict | undefined {
  const { settings, size } = request;
  if (!('grid' in settings)) return undefined;
  const { map, standardError, lost, convergence } = targets[index];
  const { box } = request.targets[index];
  const found = passes - lost;
  if (found < LEAST_FOUND || (convergence !== undefined && convergence < LEAST_CONVERGENCE))
    return { kind: 'too few passes', text: `too few passes to tell (found again in ${found} of ${passes})` };
  const evidence = evidenceOf(map, standardError);
  if (!evidence)
    return {
      kind: 'nothing',
      text: 'nothing in the picture stands out of the noise: no single place carries the detection',
    };
  const cell = { width: size.width / settings.grid.columns, height: size.height / settings.grid.rows };
  const around = grown(box, cell);
  const share = (of: SaliencyMap): number => attentionFigures(of, around, size.width, size.height).energyInBox;
  const inside = share(evidence) / Math.max(1e-9, share(boxBlob(box, size, cell, map)));
  const percent = `${Math.round(100 * share(evidence))} % of what stands out`;
  if (inside >= MOSTLY) return { kind: 'inside', text: `the reason lies mostly inside the box (${percent})` };
  const place = placeOf(evidence, around, box, size);
  return inside < HARDLY
    ? { kind: 'elsewhere', text: `the reason lies elsewhere: ${place}; ${percent} lies at the box` }
    : { kind: 'partly beside', text: `the reason lies partly beside the box: ${place}; ${percent} lies at the box` };
}

/** What rises above the floor beyond doubt; undefined where nothing does. */
function evidenceOf(map: SaliencyMap, standardError: SaliencyMap | undefined): SaliencyMap | undefined {
  const floor = map.values.toSorted()[map.values.length >> 1];
  const highest = map.values.reduce((most, value) => Math.max(most, value), -Infinity);
  const errors = standardError?.values;
  const stands = map.values.some((value, x) => value > floor && (!errors || value - floor > STANDS_OUT * errors[x]));
  if (!stands) return undefined;
  const values = map.values.map((value, x) => {
    const least = errors ? COUNTS * errors[x] : (highest - floor) / 2;
    return value - floor > least ? value - floor : 0;
  });
  return { ...map, values };
}

/** Where the highest point outside lies, seen from the box. */
function placeOf({ values, width, height }: SaliencyMap, around: Box, box: Box, size: Size): string {
  let [most, px, py] = [0, 0, 0];
  values.forEach((value, i) => {
    const x = (((i % width) + 0.5) * size.width) / width;
    const y = ((Math.floor(i / width) + 0.5) * size.height) / height;
    const outside = x < around.x1 || x > around.x2 || y < around.y1 || y > around.y2;
    if (outside && value > most) [most, px, py] = [value, x, y];
  });
  const words = [
    py < box.y1 ? 'above' : py > box.y2 ? 'below' : '',
    px < box.x1 ? 'left of' : px > box.x2 ? 'right of' : '',
  ].filter((word) => word !== '');
  return `highest at (${Math.round(px)}, ${Math.round(py)}) px, ${words.join(' and ')} it`;
}

function grown({ x1, y1, x2, y2 }: Box, { width, height }: Size): Box {
  return { x1: x1 - width, y1: y1 - height, x2: x2 + width, y2: y2 + height };
}
