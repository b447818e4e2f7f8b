import type { Difference } from '../comparisons.js';
import { STUDY_FIGURES } from '../figures.js';
import type { StudyResults, StudyRow } from '../results.js';
import { between, decimal, NOTHING, pValue } from './format.js';
import { namesOf } from './names.js';
import { PUBLISHED_TABLE, type PublishedValue } from './publishedTable.js';
import type { Table } from './table.js';

const withDeviation = (value: PublishedValue | undefined): string =>
  value ? `${decimal(value.mean)} ± ${decimal(value.deviation)}` : NOTHING;

/** Table 2 in the study's layout: its numbers, and ours with the interval of the mean. */
export function tableTwo(results: StudyResults): Table {
  const names = namesOf(results);
  return {
    name: 'table-2',
    caption:
      'Deletion (↓ low is good) and insertion (↑ high is good), mean ± standard deviation over the pictures. “study” are the numbers ' +
      'of the study’s Table 2, made with other data and other networks.',
    labels: 2,
    head: [
      ...['Method', 'Spectrum', 'Deletion ↓ study', 'Deletion ↓ here', '95 % of the mean'],
      ...['Insertion ↑ study', 'Insertion ↑ here', '95 % of the mean', 'Pictures'],
    ],
    rows: results.rows.map(({ network, method, spectra, figures: { deletion, insertion } }) => {
      const published = PUBLISHED_TABLE.find((row) => row.method === method && row.spectra === spectra.join('+'));
      return [
        names.method(method),
        names.network(network),
        withDeviation(published?.deletion),
        withDeviation(deletion),
        between(deletion?.interval),
        withDeviation(published?.insertion),
        withDeviation(insertion),
        between(insertion?.interval),
        String(deletion?.count ?? 0),
      ];
    }),
  };
}

/** Every figure that was measured, a row for each network and method. */
export function figuresTable(results: StudyResults): Table {
  const names = namesOf(results);
  const shown = STUDY_FIGURES.filter(({ name }) => results.rows.some(({ figures }) => figures[name]));
  const arrows = { low: ' ↓', high: ' ↑', 'near 0': ' (near 0)', none: '' };
  const cells = (figures: StudyRow['figures']): string[] => shown.map(({ name }) => withDeviation(figures[name]));
  return {
    name: 'figures',
    caption: 'All figures, mean ± standard deviation. A dash where a figure could not be measured.',
    labels: 2,
    head: ['Method', 'Spectrum', ...shown.map(({ label, better }) => `${label}${arrows[better]}`)],
    rows: results.rows.flatMap(({ network, method, figures, bySpectrum }) => [
      [names.method(method), names.network(network), ...cells(figures)],
      ...Object.entries(bySpectrum).map(([spectrum, own]) => [
        names.method(method),
        `${names.network(network)} on ${spectrum.toUpperCase()}`,
        ...cells(own),
      ]),
    ]),
  };
}

/** What each figure means. */
export function legendTable(results: StudyResults): Table {
  const shown = STUDY_FIGURES.filter(({ name }) => results.rows.some(({ figures }) => figures[name]));
  const words = { low: 'low', high: 'high', 'near 0': 'near 0', none: 'neither' };
  return {
    name: 'legend',
    caption: 'What the figures mean.',
    labels: 4,
    head: ['Figure', 'Good is', 'Range', 'Meaning'],
    rows: shown.map(({ label, better, range, meaning }) => [label, words[better], range, meaning]),
  };
}

/** Paired differences between methods. */
export function comparisonsTable(results: StudyResults): Table {
  const names = namesOf(results);
  return {
    name: 'differences',
    caption:
      'Differences between two methods on the same pictures: mean, 95 % bootstrap interval, p of the paired sign-flip test, and p after ' +
      'Holm’s correction over all comparisons of one figure. Drives, not pictures, are resampled and flipped.',
    labels: 4,
    head: ['Figure', 'Spectrum', 'First', 'Second', 'First − second', '95 %', 'Pairs', 'p', 'p corrected'],
    rows: results.comparisons.map(({ network, a, b, ...difference }) => [
      figureLabel(difference.figure),
      names.network(network),
      names.method(a),
      names.method(b),
      ...differenceCells(difference),
    ]),
  };
}

/** Paired differences between the joint network and those of one spectrum. */
export function networksTable(results: StudyResults): Table {
  const names = namesOf(results);
  return {
    name: 'joint-training',
    caption:
      'Networks trained on several spectra against those trained on one, on the same pictures; the boxes with the highest score may differ.',
    labels: 5,
    head: ['Figure', 'Method', 'Pictures', 'First', 'Second', 'First − second', '95 %', 'Pairs', 'p', 'p corrected'],
    rows: results.networkComparisons.map(({ method, spectrum, a, b, ...difference }) => [
      figureLabel(difference.figure),
      names.method(method),
      spectrum.toUpperCase(),
      names.network(a),
      names.network(b),
      ...differenceCells(difference),
    ]),
  };
}

export function agreementTable(results: StudyResults): Table {
  const names = namesOf(results);
  return {
    name: 'agreement',
    caption: 'Do two methods say the same? Pearson’s correlation of their maps, and what their hottest 5 % share.',
    labels: 3,
    head: ['Spectrum', 'First', 'Second', 'Correlation', '95 %', 'Top 5 % shared', '95 %'],
    rows: results.agreement.map(({ network, a, b, pearson, topOverlap }) => [
      names.network(network),
      names.method(a),
      names.method(b),
      withDeviation(pearson),
      between(pearson?.interval),
      withDeviation(topOverlap),
      between(topOverlap?.interval),
    ]),
  };
}

export function networkCountsTable(results: StudyResults): Table {
  const names = namesOf(results);
  return {
    name: 'networks',
    caption:
      'Networks and pictures. A picture in which the network finds no box is in no figure; masks are known for targets that are a labelled object.',
    labels: 2,
    head: ['Spectrum', 'Network', 'Pictures', 'Drives', 'No box', 'Right box', 'With mask', 'Mean score'],
    rows: results.networks.map((entry) => [
      names.network(entry.network),
      `${entry.network} (SHA-256 ${entry.sha256.slice(0, 12)}…)`,
      ...[entry.pictures, entry.groups, entry.withoutTarget, entry.correctTargets, entry.withMask].map(String),
      decimal(entry.meanScore),
    ]),
  };
}

function figureLabel(name: string): string {
  return STUDY_FIGURES.find((figure) => figure.name === name)?.label ?? name;
}

function differenceCells({ mean, interval, pairs, p, pCorrected }: Difference): string[] {
  return [decimal(mean, 3), between(interval, 3), String(pairs), pValue(p), pValue(pCorrected)];
}
