import type { Provenance } from '../provenance.js';
import type { TrustResults } from '../trust/results.js';
import { BOOTSTRAPS, RIDGE } from '../trust/evaluate.js';
import { SURVIVAL_PROBABILITY, TRUE_IOU } from '../trust/settings.js';
import { TRACK_FRAMES, TRACK_IOU } from '../trust/trackEvidence.js';
import type { Figure } from './charts.js';
import { tableMarkdown, type Table } from './table.js';
import { trustStatement } from './trustStatement.js';

/** The page: what the numbers say, charts, tables, and how it was measured. */
export function trustPage(
  results: TrustResults,
  figures: readonly Figure[],
  tables: readonly Table[],
  provenance: Provenance,
): string {
  return `${[
    '# What tells false detections from true ones?',
    '',
    '*Written by `msal evaluate trust`; do not edit.*',
    '',
    ...trustStatement(results).flatMap((paragraph) => [paragraph, '']),
    ...figures.flatMap(({ name, caption }) => [`![${caption}](figures/${name}.svg)`, '', `*${caption}*`, '']),
    ...tables.flatMap((table) => [`## ${HEADINGS[table.name] ?? table.name}`, '', tableMarkdown(table)]),
    '## How it was measured',
    '',
    ...howLines(results, provenance),
  ].join('\n')}\n`;
}

const HEADINGS: Readonly<Record<string, string>> = {
  gains: 'What figures add to the score',
  'gains-beyond-context': 'What is left beside size, class and spectrum',
  calibration: 'Calibration',
  slices: 'Spectra, day and night, high and low scores',
  networks: 'Networks and detections',
  legend: 'Figures',
};

function howLines({ settings, folds, identity }: TrustResults, provenance: Provenance): string[] {
  const entries: (readonly [string, string])[] = [
    ['True', `overlaps a free object of its class by at least IoU ${TRUE_IOU}, best score first, as COCO matches`],
    [
      'Regressions',
      `logistic, ridge ${RIDGE} on standardised columns; the score enters as its logit; ${folds} folds of whole drives, so that nobody is judged by a drive that it was fitted to`,
    ],
    [
      'Intervals',
      `95 % percentile bootstrap, drives resampled ${BOOTSTRAPS} times, the regressions left as they are; gains are paired`,
    ],
    [
      'Adds',
      'both intervals, of the gains in AUROC and in Brier’s score, lie above zero, and the corrected p is below 0.05',
    ],
    ['Calibration error', 'over ten bins of equal width'],
    [
      'Spectra',
      `the boxes of all spectra, from a score of ${settings.minimumScore} on, registered and fused (src/fusion/)`,
    ],
    [
      'Frames',
      `a box follows one of its class in the frame before by at least IoU ${TRACK_IOU}; the last ${TRACK_FRAMES} frames count`,
    ],
    [
      'RISE',
      `the explain node’s masks, ${settings.liveMasks} live ones and ${settings.masks} full ones of a picture for all of its detections, far fewer than its maps are made of; survival: ${settings.survivalMasks} masks of which each cell shows with probability ${SURVIVAL_PROBABILITY}; a box is found again from a score of 0.05 and IoU 0.5 on`,
    ],
    ['Seed', String(settings.seed)],
    ['Identity', identity],
    ...Object.entries(provenance),
  ];
  return entries.map(([term, text]) => `- **${term}**: ${text}`);
}
