import { holm, pairedSignFlipTest, summarise, type GroupedValue, type Interval } from '../numbers/statistics.js';
import type { Spectrum } from '../../src/spectrum.js';
import { STUDY_FIGURES, type StudyFigure } from './figures.js';
import type { MeasuredRecord } from './record.js';

/** A paired difference, `a − b` on the same pictures. */
export interface Difference {
  readonly figure: string;
  readonly pairs: number;
  readonly mean: number;
  /** Of the mean; null where all pictures come from one drive. */
  readonly interval: Interval | null;
  /** Two-sided sign-flip test, and the same after Holm's correction over all comparisons of this figure. */
  readonly p: number;
  readonly pCorrected: number;
}

export interface MethodComparison extends Difference {
  readonly network: string;
  readonly a: string;
  readonly b: string;
}

/** A network for several spectra (`a`) and one for a single spectrum (`b`), on the pictures of the latter. */
export interface NetworkComparison extends Difference {
  readonly method: string;
  readonly spectrum: Spectrum;
  readonly a: string;
  readonly b: string;
}

/** What differences between methods are asked of: more questions would only weaken the answers. */
const METHOD_FIGURES = ['deletion', 'insertion', 'averagePrecision', 'energyInMask'];
/** Networks differ in confidence, so areas are compared in units of the score. */
const NETWORK_FIGURES = ['deletionRelative', 'insertionRelative', 'averagePrecision', 'gini'];

interface NetworkRecords {
  readonly network: string;
  readonly records: readonly MeasuredRecord[];
}

/** Every two methods of every network. */
export function compareMethods(
  networks: readonly NetworkRecords[],
  methods: readonly string[],
  uniform: () => number,
): MethodComparison[] {
  return figuresNamed(METHOD_FIGURES).flatMap((figure) =>
    corrected(
      networks.flatMap(({ network, records }) =>
        methods.flatMap((a, i) =>
          methods.slice(i + 1).flatMap((b) => {
            const differences = records.flatMap((record) =>
              difference(record.group, valueOf(record, a, figure), valueOf(record, b, figure)),
            );
            const result = tested(figure, differences, uniform);
            return result ? [{ network, a, b, ...result }] : [];
          }),
        ),
      ),
    ),
  );
}

/** Every network for several spectra with those for one of them: does training on both change the maps? */
export function compareNetworks(
  networks: readonly (NetworkRecords & { readonly spectra: readonly Spectrum[] })[],
  methods: readonly string[],
  uniform: () => number,
): NetworkComparison[] {
  const joint = networks.filter(({ spectra }) => spectra.length > 1);
  const single = networks.filter(({ spectra }) => spectra.length === 1);
  const pairs = joint.flatMap((a) =>
    single.flatMap((b) => (a.spectra.includes(b.spectra[0]) ? [{ a, b, spectrum: b.spectra[0] }] : [])),
  );
  return figuresNamed(NETWORK_FIGURES).flatMap((figure) =>
    corrected(
      pairs.flatMap(({ a, b, spectrum }) =>
        methods.flatMap((method) => {
          const others = new Map(b.records.map((record) => [record.image, record]));
          const differences = a.records
            .filter((record) => record.spectrum === spectrum)
            .flatMap((record) => {
              const other = others.get(record.image);
              const value = other && valueOf(other, method, figure);
              return difference(record.group, valueOf(record, method, figure), value);
            });
          const result = tested(figure, differences, uniform);
          return result ? [{ method, spectrum, a: a.network, b: b.network, ...result }] : [];
        }),
      ),
    ),
  );
}

function figuresNamed(names: readonly string[]): StudyFigure[] {
  return STUDY_FIGURES.filter(({ name }) => names.includes(name));
}

function valueOf({ methods, target }: MeasuredRecord, method: string, { of }: StudyFigure): number | undefined {
  const figures = methods[method];
  return figures && of(figures, target);
}

function difference(group: string, a: number | undefined, b: number | undefined): GroupedValue[] {
  return a === undefined || b === undefined ? [] : [{ group, value: a - b }];
}

function tested(
  figure: StudyFigure,
  differences: readonly GroupedValue[],
  uniform: () => number,
): Difference | undefined {
  if (differences.length === 0) return undefined;
  const { mean, interval } = summarise(differences, uniform);
  const p = pairedSignFlipTest(differences, uniform);
  return { figure: figure.name, pairs: differences.length, mean, interval, p, pCorrected: p };
}

function corrected<Item extends Difference>(items: readonly Item[]): Item[] {
  const values = holm(items.map(({ p }) => p));
  return items.map((item, i) => ({ ...item, pCorrected: values[i] }));
}
