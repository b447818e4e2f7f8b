import type { Estimate } from '../../numbers/groupBootstrap.js';
import { FAMILIES, TRUST_FIGURES } from '../trust/figures.js';
import type { CorrectedGain, TrustResults } from '../trust/results.js';
import { between, decimal, NOTHING, pValue } from './format.js';
import type { Table } from './table.js';
import { isTrust } from './trustStatement.js';

const withInterval = ({ value, interval }: Estimate): string[] => [decimal(value, 3), between(interval, 3)];
const gainCells = ({ auroc, brier, pCorrected }: CorrectedGain): string[] => [
  ...withInterval(auroc),
  decimal(brier.value, 4),
  between(brier.interval, 4),
  pValue(pCorrected),
];

/** What every figure, alone and added to the score, is worth. */
export function gainsTable({ rows }: TrustResults): Table {
  return {
    name: 'gains',
    caption:
      'What figures add to the score: AUROC (0.5 tells nothing) of the figure alone; gain in AUROC and in Brier’s score of a regression on score ' +
      'and figure over one on the score, on the same detections of drives that neither has seen (positive is better), with 95 % intervals; p of ' +
      'the sign-flip test of the gain in Brier’s score after Holm’s correction over all rows.',
    labels: 1,
    head: [
      ...['Figure', 'Detections', 'AUROC alone', '95 %', 'Gain in AUROC', '95 %', 'Gain in Brier', '95 %', 'p'],
      'Adds',
    ],
    rows: rows.map((row) => [
      row.label,
      String(row.detections),
      ...withInterval(row.alone.auroc),
      ...gainCells(row.gain),
      row.gain.adds ? 'yes' : 'no',
    ]),
  };
}

/** The same beside what the detector knows of a box without any explanation. */
export function contextTable({ rows }: TrustResults): Table {
  return {
    name: 'gains-beyond-context',
    caption:
      'The same over a regression on score, size of the box, class and spectrum: what is left when these are known. “Trust”: adds here and to ' +
      'the score alone.',
    labels: 1,
    head: [
      ...['Figure', 'AUROC without', '95 %', 'Gain in AUROC', '95 %', 'Gain in Brier', '95 %', 'p', 'Adds', 'Trust'],
    ],
    rows: rows.map((row) => [
      row.label,
      ...withInterval(row.context.auroc),
      ...gainCells(row.gainBeyondContext),
      row.gainBeyondContext.adds ? 'yes' : 'no',
      isTrust(row) ? 'yes' : 'no',
    ]),
  };
}

/** Brier's score and calibration error of all regressions. */
export function calibrationTable({ rows }: TrustResults): Table {
  return {
    name: 'calibration',
    caption:
      'Calibration of the regressions (low is good): on the figure alone, on the score, and on both; the gain in calibration error is positive ' +
      'where both are better.',
    labels: 1,
    head: [
      ...['Figure', 'Brier alone', 'Brier score', 'Brier both', '95 %'],
      ...['Error alone', 'Error score', 'Error both', '95 %', 'Gain in error', '95 %'],
    ],
    rows: rows.map(({ label, alone, score, withScore, gain }) => [
      label,
      decimal(alone.brier.value, 3),
      decimal(score.brier.value, 3),
      ...withInterval(withScore.brier),
      decimal(alone.calibrationError.value, 3),
      decimal(score.calibrationError.value, 3),
      ...withInterval(withScore.calibrationError),
      ...withInterval(gain.calibrationError),
    ]),
  };
}

/** Gains within parts of the detections. */
export function slicesTable({ rows }: TrustResults): Table {
  const slices = [...new Set(rows.flatMap((row) => row.slices.map(({ slice }) => slice)))];
  return {
    name: 'slices',
    caption:
      'Gain in AUROC over the score within parts of the detections, with its 95 % interval; the same regressions as above, fitted to all of them.',
    labels: 1,
    head: ['Figure', ...slices],
    rows: rows.map((row) => [
      row.label,
      ...slices.map((slice) => {
        const part = row.slices.find((other) => other.slice === slice);
        return part ? `${decimal(part.gain.value, 3)} (${between(part.gain.interval, 3)})` : NOTHING;
      }),
    ]),
  };
}

export function trustNetworksTable({ networks }: TrustResults): Table {
  return {
    name: 'networks',
    caption:
      'Networks, pictures and detections; AUROC of the score as it is. Detections of objects marked `ignore` count neither way.',
    labels: 2,
    head: [
      ...['Spectrum', 'Network', 'Drives', 'Pictures', 'With RISE', 'True', 'False', 'Ignored', 'AUROC of the score'],
    ],
    rows: networks.map((entry) => [
      entry.spectrum.toUpperCase(),
      `${entry.network} (SHA-256 ${entry.sha256.slice(0, 12)}…)`,
      ...[entry.drives, entry.pictures, entry.fullPictures].map(String),
      ...[entry.trueDetections, entry.falseDetections, entry.ignored].map(String),
      entry.auroc === null ? NOTHING : decimal(entry.auroc, 3),
    ]),
  };
}

/** What each figure means. */
export function trustLegendTable(): Table {
  return {
    name: 'legend',
    caption: 'What the figures mean.',
    labels: 4,
    head: ['Figure', 'In the files', 'From', 'Range', 'Meaning'],
    rows: TRUST_FIGURES.map(({ label, name, family, range, meaning }) => [
      label,
      name,
      FAMILIES[family],
      range,
      meaning,
    ]),
  };
}
