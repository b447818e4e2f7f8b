import type { Box } from '../../src/geometry/box.js';
import { pearson, topOverlap } from '../../src/maps/mapAgreement.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import type { Place, PlantedCase } from './reasons.js';

/** How near a map of a planted case is to its exact one. `null`: does not apply. */
export interface ReasonFigures {
  readonly pearson: number;
  /** Intersection over union of the hottest 5 % of both maps. */
  readonly top5: number;
  /** The same of the true places and as many of the map's hottest pixels; places that lower the score are not looked for. */
  readonly place: number;
  /** 1 where the map's peak lies within a cell of the exact one's. */
  readonly peak: number;
  /** Rise over the map's median at the box, where it is a reason, over the exact map's rise there. */
  readonly box: number | null;
  /** The same at the cues, their mean. */
  readonly cue: number | null;
  /** Share of pixels whose exact value lies within 1.96 standard errors: at box and places, and elsewhere. */
  readonly coveredAtPlaces: number | null;
  readonly coveredElsewhere: number | null;
}

export function reasonFigures(
  planted: PlantedCase,
  map: SaliencyMap,
  exact: SaliencyMap,
  standardError?: Float32Array,
): ReasonFigures {
  const { values } = map;
  const truth = exact.values;
  const rises = (name: Place['name']): number | null => {
    const regions = planted.places.filter((place) => place.name === name).map(({ region }) => region);
    if (regions.length === 0) return null;
    const [mine, theirs] = [median(values), median(truth)];
    const shares = regions.map((region) => {
      const pixels = pixelsOf(region, planted, map);
      return (meanOf(values, pixels) - mine) / (meanOf(truth, pixels) - theirs);
    });
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  return {
    pearson: pearson(values, truth),
    top5: topOverlap(values, truth),
    place: placeOverlap(planted, map),
    peak: peakDistance(map, exact) <= cellPixels(planted, map) ? 1 : 0,
    box: rises('box'),
    cue: rises('cue'),
    ...coverage(planted, map, truth, standardError),
  };
}

function coverage(
  planted: PlantedCase,
  map: SaliencyMap,
  truth: Float32Array,
  standardError: Float32Array | undefined,
): Pick<ReasonFigures, 'coveredAtPlaces' | 'coveredElsewhere'> {
  if (!standardError) return { coveredAtPlaces: null, coveredElsewhere: null };
  const there = new Set(
    [planted.box, ...planted.places.map(({ region }) => region)].flatMap((region) => pixelsOf(region, planted, map)),
  );
  let [inside, outside] = [0, 0];
  truth.forEach((value, x) => {
    if (Math.abs(map.values[x] - value) > 1.96 * standardError[x]) return;
    if (there.has(x)) inside++;
    else outside++;
  });
  return { coveredAtPlaces: inside / there.size, coveredElsewhere: outside / (truth.length - there.size) };
}

/** Pixels of the map whose centres lie in a region of the picture; at least the one nearest to its middle. */
export function pixelsOf({ x1, y1, x2, y2 }: Box, { content }: PlantedCase, { width, height }: SaliencyMap): number[] {
  const [sx, sy] = [width / content.width, height / content.height];
  const pixels: number[] = [];
  for (let y = Math.max(0, Math.ceil(y1 * sy - 0.5)); y <= Math.min(height - 1, y2 * sy - 0.5); y++)
    for (let x = Math.max(0, Math.ceil(x1 * sx - 0.5)); x <= Math.min(width - 1, x2 * sx - 0.5); x++)
      pixels.push(y * width + x);
  const middle = Math.floor(((y1 + y2) / 2) * sy) * width + Math.floor(((x1 + x2) / 2) * sx);
  return pixels.length > 0 ? pixels : [middle];
}

function placeOverlap(planted: PlantedCase, map: SaliencyMap): number {
  const raising = planted.places.filter((_, k) => planted.terms.some(({ weight, of }) => weight > 0 && of.includes(k)));
  const true_ = new Set(raising.flatMap(({ region }) => pixelsOf(region, planted, map)));
  const hottest = [...map.values.keys()].sort((a, b) => map.values[b] - map.values[a]).slice(0, true_.size);
  const both = hottest.filter((x) => true_.has(x)).length;
  return both / (2 * true_.size - both);
}

function peakDistance(a: SaliencyMap, b: SaliencyMap): number {
  const peak = ({ values, width }: SaliencyMap): [number, number] => {
    const at = values.reduce((best, value, x) => (value > values[best] ? x : best), 0);
    return [at % width, Math.floor(at / width)];
  };
  const [[ax, ay], [bx, by]] = [peak(a), peak(b)];
  return Math.hypot(ax - bx, ay - by);
}

/** Pixels of the map to a cell of its masks. */
function cellPixels({ content }: PlantedCase, { width }: SaliencyMap): number {
  return ((content.width / 8) * width) / content.width;
}

export function median(values: Float32Array): number {
  return values.toSorted()[values.length >> 1];
}

export function meanOf(values: Float32Array, pixels: readonly number[]): number {
  return pixels.reduce((sum, x) => sum + values[x], 0) / pixels.length;
}
