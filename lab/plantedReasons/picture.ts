import { applyColorMap } from '../../src/images/colorMap.js';
import { encodePng } from '../../src/images/encode.js';
import type { Box } from '../../src/geometry/box.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { upsample } from '../../src/maps/upsample.js';
import { makeEstimate, MAP_STRIDE, type ReasonMethod } from './methods.js';
import { streamOf, truthOf } from './measure.js';
import { PlantedScore } from './plantedScore.js';
import { CELLS, plantedCase, type PlantedCase } from './reasons.js';

/** Pixels of a panel's side, and between panels. */
const PANEL = 224;
const GAP = 8;
const PASSES = 100;

/**
 * One planted case in three panels: the map of the box prior (the old default), that of sparse Bayes (the default), and the exact one, 100 passes of
 * the first two, each from its least to its greatest value. A white frame is the box, a green one the true reasons. For the main thread only (OpenCV).
 * @returns a PNG file
 */
export function plantedPicture(): Uint8Array {
  const planted = plantedCase('box or cue', 'medium', 1);
  const panels = [
    mapOf(planted, { name: '', sampler: 'importance', estimator: 'box-prior', passes: [] }),
    mapOf(planted, { name: '', sampler: 'plain', estimator: 'sparse-bayes', passes: [] }),
    truthOf(planted, CELLS),
  ];
  const width = panels.length * PANEL + (panels.length - 1) * GAP;
  const data = new Uint8Array(width * PANEL * 3).fill(255);
  panels.forEach((map, index) => {
    const left = index * (PANEL + GAP);
    paint(data, width, left, map);
    for (const { region } of planted.places) frame(data, width, left, planted, region, 3, [60, 230, 90]);
    frame(data, width, left, planted, planted.box, 0, [255, 255, 255]);
  });
  return encodePng({ width, height: PANEL, channels: 3, data });
}

function mapOf(planted: PlantedCase, method: ReasonMethod): SaliencyMap {
  const stream = streamOf(method, planted);
  const estimate = makeEstimate(method, stream);
  const score = new PlantedScore(planted);
  for (let i = 0; i < PASSES; i++) estimate.add(stream.mask(i), [score.score(stream.mask(i))]);
  const side = planted.content.width / MAP_STRIDE;
  return { width: side, height: side, values: estimate.map(0) };
}

function paint(data: Uint8Array, width: number, left: number, map: SaliencyMap): void {
  const { values } = upsample(map, PANEL, PANEL);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const span = values.reduce((a, b) => Math.max(a, b), -Infinity) - least;
  const grey = Uint8Array.from(values, (value) => (span > 0 ? Math.round((255 * (value - least)) / span) : 0));
  const colours = applyColorMap({ width: PANEL, height: PANEL, channels: 1, data: grey }, 'inferno').data;
  for (let y = 0; y < PANEL; y++)
    data.set(colours.subarray(y * PANEL * 3, (y + 1) * PANEL * 3), (y * width + left) * 3);
}

/** The outline of a region, `out` pixels outside of it. */
function frame(
  data: Uint8Array,
  width: number,
  left: number,
  { content }: PlantedCase,
  { x1, y1, x2, y2 }: Box,
  out: number,
  colour: readonly number[],
): void {
  const at = (value: number, shift: number): number =>
    Math.min(PANEL - 1, Math.max(0, Math.round((value * PANEL) / content.width) + shift));
  const [ax, ay, bx, by] = [at(x1, -out), at(y1, -out), at(x2, out), at(y2, out)];
  for (let y = ay; y <= by; y++)
    for (let x = ax; x <= bx; x++)
      if (x < ax + 2 || x > bx - 2 || y < ay + 2 || y > by - 2) data.set(colour, (y * width + left + x) * 3);
}
