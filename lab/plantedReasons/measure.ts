import { RiseEstimate } from '../../src/explain/estimates/riseEstimate.js';
import { MaskStream } from '../../src/explain/masks/maskStream.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { Random } from '../scenes/random.js';
import { blobAtBox, fitted, shuffled } from './baselines.js';
import { exactMap } from './exactMap.js';
import { reasonFigures } from './figures.js';
import { isTrueToo, makeEstimate, MAP_STRIDE, REASON_METHODS, type ReasonMethod } from './methods.js';
import { PlantedScore } from './plantedScore.js';
import { CELLS, type PlantedCase } from './reasons.js';
import type { ReasonRecord, ReasonRow } from './record.js';

/** That a cell is on: the default's. */
const PROBABILITY = 0.1;
export const BLOB = 'blob at the box, no pass';
export const RANDOM = 'random map (plain RISE, shuffled scores)';
/** Every so many-th offset of the exact map. */
const OFFSET_STEP = 4;

/** Every method's maps of a case, judged. Depends on the case alone. */
export function measureCase(planted: PlantedCase): ReasonRecord {
  const { id, kind, size, seed } = planted;
  const exact = truthOf(planted, CELLS);
  const rows: ReasonRow[] = [
    {
      method: BLOB,
      passes: 0,
      convergence: null,
      ...reasonFigures(planted, fitted(blobAtBox(planted, exact), exact), exact),
    },
    { method: RANDOM, passes: 500, convergence: null, ...reasonFigures(planted, randomMap(planted, exact), exact) },
  ];
  for (const method of REASON_METHODS) rows.push(...judge(method, planted, exact));
  return { id, kind, size, seed, rows };
}

/** The exact map by masks of so many cells a side. */
export function truthOf(planted: PlantedCase, cells: number): SaliencyMap {
  const { content } = planted;
  const size = { width: content.width / MAP_STRIDE, height: content.height / MAP_STRIDE };
  const grid = { rows: cells, columns: cells };
  return exactMap(planted, size, { grid, probability: PROBABILITY, offsetStep: OFFSET_STEP });
}

/** Masks of a method: one stream for all of a case, another for each case. */
export function streamOf(
  { sampler, cells = CELLS }: Pick<ReasonMethod, 'sampler' | 'cells'>,
  planted: PlantedCase,
): MaskStream {
  const { content, box, id } = planted;
  const grid = { rows: cells, columns: cells };
  const seed = new Random(planted.seed, `masks ${id}`).bits();
  return new MaskStream({ seed, content, grid, probability: PROBABILITY, sampler, targets: [box] });
}

function judge(method: ReasonMethod, planted: PlantedCase, exact: SaliencyMap): ReasonRow[] {
  const stream = streamOf(method, planted);
  const estimate = makeEstimate(method, stream);
  const truth = new PlantedScore(planted);
  const cheap = method.corrected === undefined ? undefined : new PlantedScore(cheaper(planted));
  const { width, height } = exact;
  const rows: ReasonRow[] = [];
  for (let i = 0; i < Math.max(...method.passes); i++) {
    const mask = stream.mask(i);
    if (!cheap) estimate.add(mask, [truth.score(mask)]);
    else if (method.corrected === 0) estimate.add(mask, [cheap.score(mask)]);
    else estimate.add(mask, [cheap.score(mask), isTrueToo(method, i) ? truth.score(mask) : NaN]);
    if (!method.passes.includes(i + 1)) continue;
    const map = { width, height, values: estimate.map(0) };
    const figures = reasonFigures(planted, map, exact, estimate.standardError(0));
    rows.push({ method: method.name, passes: i + 1, convergence: estimate.convergence(0) ?? null, ...figures });
  }
  return rows;
}

/**
 * What live masks see of a case: cells of features look further than they are, so that less of a place is enough; the cue speaks half as
 * loud, and twice as much else mixes in.
 */
export function cheaper(planted: PlantedCase): PlantedCase {
  const { places, terms, roughness } = planted;
  return {
    ...planted,
    places: places.map((place) => ({ ...place, threshold: 0.75 * place.threshold })),
    terms: terms.map(({ weight, of }) => ({
      of,
      weight: of.some((k) => places[k].name === 'cue') ? weight / 2 : weight,
    })),
    roughness: Math.min(1, 2 * roughness),
  };
}

function randomMap(planted: PlantedCase, exact: SaliencyMap): SaliencyMap {
  const stream = streamOf({ sampler: 'plain' }, planted);
  const truth = new PlantedScore(planted);
  const masks = Array.from({ length: 500 }, (_, i) => stream.mask(i));
  const scores = shuffled(
    Float64Array.from(masks, (mask) => truth.score(mask)),
    planted,
  );
  const { width, height } = exact;
  const mean = new RiseEstimate({ width, height, content: planted.content }, PROBABILITY, 1);
  masks.forEach((mask, i) => mean.add(mask, [scores[i]]));
  return fitted({ width, height, values: mean.map(0) }, exact);
}
