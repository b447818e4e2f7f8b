import uPlot from 'uplot';
import { el, styleValue } from './dom.js';
import { lineColour, lineDash } from './palette.js';
import { axisTime } from './words.js';

/** Seconds between the marks of a time axis. */
const TIME_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 36_000];

export interface LineSeries {
  readonly label: string;
  /** Which of the palette's colours and dashes. */
  readonly style: number;
  readonly values: readonly (number | null)[];
}

export interface LineChartOptions {
  /** For readers who cannot see the canvas. */
  readonly description: string;
  /** Seconds, ascending. */
  readonly seconds: readonly number[];
  readonly series: readonly LineSeries[];
  /** Of the vertical axis; `max` null: from the data. */
  readonly max: number | null;
  readonly format: (value: number) => string;
  /** Counts are drawn as bars side by side, everything else as lines. */
  readonly bars: boolean;
  readonly onPick: (seconds: number) => void;
  /** Seconds of the set that is shown. */
  readonly now: () => number | null;
}

/** A chart of lines over time that follows its holder's width and the theme. Clicking picks a moment. */
export class LineChart {
  #plot: uPlot | null = null;
  #options: LineChartOptions;
  readonly #now = el('i', { class: 'now' });
  readonly #holder: HTMLElement;

  constructor(holder: HTMLElement, options: LineChartOptions) {
    this.#holder = holder;
    this.#options = options;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(holder);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.set(this.#options));
    this.set(options);
  }

  set(options: LineChartOptions): void {
    this.#options = options;
    this.#plot?.destroy();
    this.#holder.setAttribute('role', 'img');
    this.#holder.setAttribute('aria-label', options.description);
    const data: uPlot.AlignedData = [[...options.seconds], ...options.series.map(({ values }) => [...values])];
    this.#plot = new uPlot(this.#plotOptions(options), data, this.#holder);
    const { over } = this.#plot;
    over.append(this.#now);
    this.markNow();
    over.addEventListener('click', (event) => {
      const left = event.clientX - over.getBoundingClientRect().left;
      if (this.#plot !== null) options.onPick(this.#plot.posToVal(left, 'x'));
    });
  }

  /** Moves the mark of the moment that the viewer shows. */
  markNow(): void {
    const seconds = this.#options.now();
    const x = seconds === null ? -1 : (this.#plot?.valToPos(seconds, 'x') ?? -1);
    this.#now.hidden = !(x >= 0);
    if (x >= 0) this.#now.style.left = `${x}px`;
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#holder.clientWidth), height: 190 };
  }

  #plotOptions({ series, format, max, bars }: LineChartOptions): uPlot.Options {
    const axis = {
      stroke: styleValue('--quiet'),
      grid: { stroke: styleValue('--rule'), width: 1 },
      ticks: { show: false },
    };
    const isSparse = this.#options.seconds.length < 30;
    return {
      ...this.#size(),
      padding: [10, 24, 0, 0],
      scales: {
        x: { time: false },
        y: { range: (_, low, high) => [Math.min(0, low ?? 0), max ?? Math.max(bars ? 1 : 1e-3, (high ?? 1) * 1.08)] },
      },
      axes: [
        { ...axis, values: (_, seconds) => seconds.map((value) => axisTime(value)), size: 30, incrs: TIME_STEPS },
        { ...axis, values: (_, values) => values.map((value) => format(value)), size: 58 },
      ],
      // Nothing is dragged here; left to itself uPlot takes some clicks for the end of a drag and swallows them.
      cursor: { drag: { x: false, y: false, click: () => undefined }, points: { size: 7 } },
      legend: { live: true },
      series: [
        { label: 'Time', value: (_, value) => (value === null ? '–' : `+${value.toFixed(2)} s`) },
        ...series.map(({ label, style }, place) => ({
          label,
          stroke: lineColour(style),
          ...(bars ? barLook(style, place) : { dash: lineDash(style), width: 1.75 }),
          points: { show: isSparse && !bars, size: 5 },
          spanGaps: false,
          value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
        })),
      ],
      hooks: { draw: [() => this.markNow()] },
    };
  }
}

/** Bars to the left of their moment for the first series, to the right for the second. */
function barLook(style: number, place: number): Partial<uPlot.Series> {
  const paths = uPlot.paths.bars?.({ size: [0.4, 6], align: place === 0 ? -1 : 1 });
  return { fill: lineColour(style), width: 0, ...(paths === undefined ? {} : { paths }) };
}
