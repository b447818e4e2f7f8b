import * as Plot from '@observablehq/plot';
import type { TrustResults, TrustRow } from '../trust/results.js';
import { COLORS, draw, type Figure } from './charts.js';

const SCORE_COLOR = COLORS[0];
const CONTEXT_COLOR = COLORS[1];

/** Every chart that the results have something for. */
export function trustCharts(results: TrustResults): Figure[] {
  return [
    ...(results.rows.length > 0 ? [gainsFigure(results.rows)] : []),
    ...(results.curves.length > 0 ? [rocFigure(results), reliabilityFigure(results)] : []),
  ];
}

/** Gains in AUROC with their intervals, of every figure over both regressions without it. */
function gainsFigure(rows: readonly TrustRow[]): Figure {
  const over = { score: 'over the score', context: 'over score, size, class and spectrum' };
  const points = rows.flatMap(({ label, gain, gainBeyondContext }) =>
    [
      { base: over.score, estimate: gain.auroc },
      { base: over.context, estimate: gainBeyondContext.auroc },
    ].map(({ base, estimate: { value, interval } }) => {
      return { label, base, value, low: interval?.low ?? value, high: interval?.high ?? value };
    }),
  );
  const title = 'Gain in AUROC with its 95 % interval';
  const options = {
    width: 820,
    height: 70 + 30 * rows.length,
    marginLeft: 12 + 6.6 * Math.max(...rows.map(({ label }) => label.length)),
    marginBottom: 44,
    marginTop: 10,
    fy: { label: null, domain: rows.map(({ label }) => label), axis: 'left' as const, padding: 0.15 },
    y: { axis: null, domain: Object.values(over), padding: 0.3 },
    x: { label: 'gain in AUROC', grid: true, ticks: 6 },
    color: { domain: Object.values(over), range: [SCORE_COLOR, CONTEXT_COLOR] },
    marks: [
      Plot.ruleX([0], { stroke: '#1b1f24' }),
      Plot.ruleY(points, { fy: 'label', y: 'base', x1: 'low', x2: 'high', stroke: 'base', strokeWidth: 2 }),
      Plot.dot(points, { fy: 'label', y: 'base', x: 'value', fill: 'base', r: 3.5 }),
    ],
  };
  const svg = draw(options, title, [
    [over.score, SCORE_COLOR],
    [over.context, CONTEXT_COLOR],
  ]);
  return { name: 'gains', caption: `${title}; right of zero the figure adds something.`, svg };
}

type Legend = readonly (readonly [label: string, color: string])[];

function legendOf(curves: TrustResults['curves']): Legend {
  return curves.map(({ label }, i) => [label, COLORS[i % COLORS.length]] as const);
}

/** What charts over the unit square have in common; their colours are the legend's. */
function squareLayout(legend: Legend) {
  return {
    width: 860,
    height: 560,
    marginLeft: 50,
    marginBottom: 44,
    marginTop: 14,
    color: { domain: legend.map(([label]) => label), range: legend.map(([, color]) => color) },
  };
}

/** The unit square's frame, and the diagonal that curves are read against. */
function frameWithDiagonal() {
  return [
    Plot.frame({ stroke: '#c8ccd0' }),
    Plot.line(
      [
        [0, 0],
        [1, 1],
      ],
      { stroke: '#9aa1a8', strokeDasharray: '4,4' },
    ),
  ];
}

function rocFigure({ curves }: TrustResults): Figure {
  const legend = legendOf(curves);
  const points = curves.flatMap(({ label, roc }) => roc.map((point) => ({ label, ...point })));
  const title = 'Receiver operating characteristic';
  const options = {
    ...squareLayout(legend),
    x: { label: 'share of false detections kept', domain: [0, 1], grid: true },
    y: { label: 'share of true detections kept', domain: [0, 1], grid: true },
    marks: [
      ...frameWithDiagonal(),
      Plot.line(points, { x: 'falseRate', y: 'trueRate', stroke: 'label', strokeWidth: 2 }),
    ],
  };
  const caption = `${title}: all on the same detections of drives that the regressions have not seen.`;
  return { name: 'roc', caption, svg: draw(options, title, legend) };
}

function reliabilityFigure({ curves }: TrustResults): Figure {
  const legend = legendOf(curves);
  const points = curves.flatMap(({ label, reliability }) => reliability.map((bin) => ({ label, ...bin })));
  const title = 'Reliability';
  const options = {
    ...squareLayout(legend),
    x: { label: 'mean probability', domain: [0, 1], grid: true },
    y: { label: 'share of true detections', domain: [0, 1], grid: true },
    r: { range: [2, 9] },
    marks: [
      ...frameWithDiagonal(),
      Plot.line(points, { x: 'meanProbability', y: 'trueShare', stroke: 'label', strokeWidth: 1.5 }),
      Plot.dot(points, { x: 'meanProbability', y: 'trueShare', fill: 'label', r: 'count' }),
    ],
  };
  const caption = `${title} over ten bins of probability; a dot’s area is the number of detections. The dashed line is perfect.`;
  return { name: 'reliability', caption, svg: draw(options, title, legend) };
}
