import { byId, el } from './dom.js';
import { LineChart, type LineChartOptions, type LineSeries } from './lineChart.js';
import { nearestInTime, shownSet, type ReportModel } from './reportModel.js';
import { mean, quantile } from './setFigures.js';
import { timeBuckets, type TimeBucket } from './timeBuckets.js';
import type { Viewer } from './viewerState.js';
import { decimal, percent } from './words.js';

const MOST_POINTS = 320;

type ChartPart = Pick<LineChartOptions, 'description' | 'series' | 'max' | 'format' | 'bars'>;

/** How attention over time is read from a detection, and how it is put together over a stretch of time. */
const ATTENTION = {
  energyInBox: { label: 'Energy in box (median)', column: 7, combine: median, max: null, format: finePercent },
  energyGain: { label: 'Energy gain (median, 1 = even map)', column: 8, combine: median, max: null, format: oneDigit },
  peakInBox: { label: 'Peak in box (share of detections)', column: 9, combine: mean, max: 1, format: percent },
} as const;
type AttentionKey = keyof typeof ATTENTION;

/** Attention, dissimilarity, latency and losses over time. */
export function mountCharts(model: ReportModel, viewer: Viewer): void {
  const buckets = timeBuckets(model.sets, MOST_POINTS);
  const seconds = buckets.map((bucket) => bucket.seconds);
  const charts: LineChart[] = [];
  const add = (id: string, part: ChartPart): LineChart => {
    const chart = new LineChart(byId(id, HTMLElement), complete(part));
    charts.push(chart);
    return chart;
  };
  const complete = (part: ChartPart): LineChartOptions => ({
    ...part,
    seconds,
    onPick: (at) => viewer.goTo(nearestInTime(model, viewer.state.order, at * 1000)),
    now: () => {
      const set = shownSet(model, viewer.state);
      return set === undefined ? null : set.t / 1000;
    },
  });

  const choice = byId('attention-figure', HTMLSelectElement);
  choice.replaceChildren(...Object.entries(ATTENTION).map(([value, { label }]) => el('option', { value }, label)));
  const attention = add('attention-chart', attentionPart(model, buckets, 'energyInBox'));
  choice.addEventListener('change', () =>
    attention.set(complete(attentionPart(model, buckets, choice.value as AttentionKey))),
  );

  byId('dissimilarity', HTMLElement).hidden = model.spectra.length < 2;
  add('dissimilarity-chart', {
    description: 'Mean dissimilarity of spectra over time',
    series: [
      {
        label: 'Dissimilarity',
        style: 0,
        values: perBucket(buckets, (at) => model.figures[at]?.dissimilarity ?? null, mean),
      },
    ],
    max: 1,
    bars: false,
    format: (value) => decimal(value, 1),
  });
  if (model.header.stages.length > 0) {
    add('latency-chart', {
      description: 'Median latency of each stage over time',
      series: model.header.stages.map((label, stage) => ({
        label,
        style: stage,
        values: perBucket(buckets, (at) => model.sets[at]?.l[stage] ?? null, median),
      })),
      max: null,
      bars: false,
      format: (value) => `${decimal(value, value < 10 ? 1 : 0)} ms`,
    });
  }
  byId('latency', HTMLElement).hidden = model.header.stages.length === 0;
  add('drops-chart', {
    description: 'Dropped frames and partial frame sets over time',
    series: [
      { label: 'Dropped frames', style: 1, values: perBucket(buckets, (at) => model.sets[at]?.d ?? 0, total) },
      { label: 'Partial sets', style: 4, values: perBucket(buckets, (at) => model.sets[at]?.p ?? 0, total) },
    ],
    max: null,
    bars: true,
    format: (value) => decimal(value, Number.isInteger(value) ? 0 : 1),
  });
  fillLatencyTable(model);
  viewer.listen((state, before) => {
    if (shownSet(model, state) !== shownSet(model, before)) for (const chart of charts) chart.markNow();
  });
}

function attentionPart(model: ReportModel, buckets: readonly TimeBucket[], key: AttentionKey): ChartPart {
  const { label, column, combine, max, format } = ATTENTION[key];
  const series = model.spectra.map((spectrum): LineSeries => {
    const values = buckets.map(({ positions }) =>
      combine(
        positions.flatMap((at) =>
          (model.sets[at]?.f ?? []).flatMap((frame) =>
            frame[0] === spectrum ? frame[4].flatMap((detection) => detection[column] ?? []) : [],
          ),
        ),
      ),
    );
    return { label: model.header.spectra[spectrum] ?? '', style: spectrum, values };
  });
  return { description: `${label} by spectrum over time`, series, max, format, bars: false };
}

function perBucket(
  buckets: readonly TimeBucket[],
  read: (position: number) => number | null,
  combine: (values: readonly number[]) => number | null,
): (number | null)[] {
  return buckets.map(({ positions }) => combine(positions.flatMap((position) => read(position) ?? [])));
}

function fillLatencyTable(model: ReportModel): void {
  byId('latency-rows', HTMLTableSectionElement).replaceChildren(
    ...model.header.stages.map((stage, index) => {
      const values = model.sets.flatMap((set) => set.l[index] ?? []);
      const figures = [quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)];
      return el(
        'tr',
        {},
        el('th', { scope: 'row' }, el('span', { class: 'clip' }, stage)),
        ...figures.map((value) => el('td', { class: 'number' }, decimal(value, 1))),
      );
    }),
  );
}

function median(values: readonly number[]): number | null {
  return quantile(values, 0.5);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** With a digit behind the point where shares are small, as the axis then has steps below a percent. */
function finePercent(share: number): string {
  const percents = share * 100;
  return percents < 10 && !Number.isInteger(percents) ? `${decimal(percents, 1)} %` : percent(share);
}

function oneDigit(value: number): string {
  return decimal(value, 1);
}
