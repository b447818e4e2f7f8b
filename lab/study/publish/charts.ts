import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { STUDY_FIGURES } from '../figures.js';
import type { StudyResults, StudyRow } from '../results.js';
import { namesOf } from './names.js';
import { escapeMarkup } from './table.js';

/** Okabe and Ito's colours, which people with any colour vision tell apart, without yellow. */
export const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000', '#7f7f7f'];
export const FONT = 'DejaVu Sans, system-ui, sans-serif';

/** A finished drawing. */
export interface Figure {
  /** A file name without extension. */
  readonly name: string;
  readonly caption: string;
  /** A whole SVG document. */
  readonly svg: string;
}

/** What Observable Plot gives back, as far as it is used here: its own types need the browser's. */
interface Drawn {
  readonly outerHTML: string;
}

const LEGEND_HEIGHT = 26;

/** Runs Plot without a browser and puts a legend above what it draws. */
export function draw(
  options: Plot.PlotOptions,
  title: string,
  legend: readonly (readonly [label: string, color: string])[],
): string {
  // Its own types, too, are the browser's.
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as {
    readonly document: object;
  };
  const drawn = Plot.plot({ document, ...options }) as unknown as Drawn;
  const width = Number(/ width="(\d+(?:\.\d+)?)"/.exec(drawn.outerHTML)?.[1]);
  const height = Number(/ height="(\d+(?:\.\d+)?)"/.exec(drawn.outerHTML)?.[1]);
  const nested = drawn.outerHTML
    .replace('<svg ', `<svg y="${LEGEND_HEIGHT}" `)
    .replace('font-family="system-ui, sans-serif"', `font-family="${FONT}"`)
    .replace('font-size="10"', 'font-size="11"');
  let x = 8;
  const entries = legend.map(([label, color]) => {
    const entry = `<rect x="${x}" y="8" width="14" height="10" rx="2" fill="${color}"/><text x="${x + 19}" y="17">${escapeMarkup(label)}</text>`;
    x += 34 + 7 * label.length;
    return entry;
  });
  const total = height + LEGEND_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" role="img" font-family="${FONT}" font-size="11" fill="#1b1f24"><title>${escapeMarkup(title)}</title><rect width="${width}" height="${total}" fill="white"/>${entries.join('')}${nested}</svg>\n`;
}

function legendOf(
  results: StudyResults,
  rows: readonly StudyRow[],
): { label: string; color: string; method: string }[] {
  const names = namesOf(results);
  const used = results.settings.methods.filter(({ name }) => rows.some(({ method }) => method === name));
  return used.map(({ name }) => {
    const index = results.settings.methods.findIndex((method) => method.name === name);
    return { method: name, label: names.method(name), color: COLORS[index % COLORS.length] };
  });
}

/** Figures 5 to 9: deletion and insertion curves of every network, a line for each method. */
export function curveFigures(results: StudyResults): Figure[] {
  const names = namesOf(results);
  return results.networks.flatMap(({ network }): Figure[] => {
    const rows = results.rows.filter((row) => row.network === network && row.curves.length > 0);
    if (rows.length === 0) return [];
    const legend = legendOf(results, rows);
    const points = rows.flatMap(({ method, curves }) =>
      curves.flatMap(({ kind, mean }) =>
        mean.map((score, step) => ({
          curve: kind === 'deletion' ? 'Deletion (low is good)' : 'Insertion (high is good)',
          method: names.method(method),
          share: step / (mean.length - 1),
          score,
        })),
      ),
    );
    const options = {
      width: 760,
      height: 300,
      marginLeft: 46,
      marginTop: 30,
      marginBottom: 44,
      fx: { label: null, domain: ['Deletion (low is good)', 'Insertion (high is good)'] },
      x: { label: 'share of pixels changed', domain: [0, 1] },
      y: { label: 'score', grid: true, domain: [0, Math.max(...points.map(({ score }) => score)) * 1.05] },
      color: { domain: legend.map(({ label }) => label), range: legend.map(({ color }) => color) },
      marks: [
        Plot.frame({ stroke: '#c8ccd0' }),
        Plot.lineY(points, { fx: 'curve', x: 'share', y: 'score', stroke: 'method', strokeWidth: 2 }),
      ],
    };
    const title = `Deletion and insertion curves, ${names.network(network)} network`;
    const svg = draw(
      options,
      title,
      legend.map(({ label, color }) => [label, color] as const),
    );
    return [
      { name: `curves-${fileName(network)}`, caption: `${title}: mean score of the target over the pictures.`, svg },
    ];
  });
}

/** Figures that the overview shows, where they were measured. */
const OVERVIEW = ['deletion', 'insertion', 'averagePrecision'];

/** Means with their intervals, all networks and methods at one glance. */
export function overviewFigure(results: StudyResults): Figure {
  const names = namesOf(results);
  const shown = STUDY_FIGURES.filter(({ name }) => OVERVIEW.includes(name)).filter(({ name }) =>
    results.rows.some(({ figures }) => figures[name]),
  );
  const legend = legendOf(results, results.rows);
  const title = (figure: (typeof shown)[number]): string => `${figure.label} (${figure.better} is good)`;
  const points = results.rows.flatMap(({ network, method, figures }) =>
    shown.flatMap((figure) => {
      const summary = figures[figure.name];
      if (!summary) return [];
      const { mean } = summary;
      const { low, high } = summary.interval ?? { low: mean, high: mean };
      return [
        { figure: title(figure), network: names.network(network), method: names.method(method), mean, low, high },
      ];
    }),
  );
  const methodLabels = legend.map(({ label }) => label);
  const options = {
    width: 900,
    height: 80 + results.networks.length * Math.max(48, 16 * legend.length),
    marginLeft: 16 + 8 * Math.max(...results.networks.map(({ network }) => names.network(network).length)),
    marginTop: 30,
    marginBottom: 44,
    fx: { label: null, domain: shown.map(title) },
    fy: { label: null, domain: results.networks.map(({ network }) => names.network(network)) },
    x: {
      label: 'mean, 95 % interval',
      grid: true,
      domain: [0, Math.max(...points.map(({ high }) => high)) * 1.05],
      ticks: 4,
    },
    y: { axis: null, domain: methodLabels },
    color: { domain: methodLabels, range: legend.map(({ color }) => color) },
    marks: [
      Plot.frame({ stroke: '#c8ccd0' }),
      Plot.ruleY(points, {
        fx: 'figure',
        fy: 'network',
        y: 'method',
        x1: 'low',
        x2: 'high',
        stroke: 'method',
        strokeWidth: 2,
      }),
      Plot.dot(points, { fx: 'figure', fy: 'network', y: 'method', x: 'mean', fill: 'method', r: 4 }),
    ],
  };
  const caption = 'Means over the pictures with 95 % intervals, every network and method.';
  const svg = draw(
    options,
    caption,
    legend.map(({ label, color }) => [label, color] as const),
  );
  return { name: 'overview', caption, svg };
}

/** A name without anything that a file system or an address minds. */
export function fileName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '-');
}
