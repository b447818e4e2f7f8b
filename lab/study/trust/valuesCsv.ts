import { csvLine } from '../csvLine.js';
import { TRUST_FIGURES } from './figures.js';
import type { TrustSample } from './samples.js';

const DIGITS = 6;

/** A line for each detection with its verdict and every figure, to six digits; empty where a figure is not known. */
export function trustValuesCsv(samples: readonly TrustSample[]): string {
  const head = ['network', 'spectrum', 'image', 'group', 'time', 'index', 'class', 'score', 'x1', 'y1', 'x2', 'y2'];
  const lines = [csvLine([...head, 'verdict', ...TRUST_FIGURES.map(({ name }) => name)])];
  for (const sample of samples) {
    const { network, spectrum, image, group, time, index, verdict } = sample;
    const { className, score, box } = sample.detection;
    const place = [score, box.x1, box.y1, box.x2, box.y2].map(rounded);
    const figures = TRUST_FIGURES.map(({ of }) => rounded(of(sample)));
    lines.push(csvLine([network, spectrum, image, group, time, index, className, ...place, verdict, ...figures]));
  }
  return lines.join('');
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(DIGITS));
}
