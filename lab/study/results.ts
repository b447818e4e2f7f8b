import { Random } from '../scenes/random.js';
import { meanAndDeviation, summarise, type GroupedValue, type Summary } from '../numbers/statistics.js';
import { PERTURBATIONS, type Perturbation } from '../numbers/perturbationCurve.js';
import type { Spectrum } from '../../src/spectrum.js';
import { compareMethods, compareNetworks, type MethodComparison, type NetworkComparison } from './comparisons.js';
import { STUDY_FIGURES } from './figures.js';
import type { StudyPlan } from './plan.js';
import type { MeasuredRecord, StudyRecord } from './record.js';

/** A mean curve: one value for each step from 0 to all pixels. */
export interface MeanCurve {
  readonly kind: Perturbation;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** One network with one method: a row of Table 2. */
export interface StudyRow {
  readonly network: string;
  readonly spectra: readonly Spectrum[];
  readonly method: string;
  /** Over all pictures, and over those of each spectrum where the network has several; by figure name. */
  readonly figures: Readonly<Record<string, Summary>>;
  readonly bySpectrum: Readonly<Record<string, Readonly<Record<string, Summary>>>>;
  readonly curves: readonly MeanCurve[];
}

/** What was measured of each network. */
export interface NetworkCounts {
  readonly network: string;
  readonly sha256: string;
  readonly spectra: readonly Spectrum[];
  readonly pictures: number;
  /** Pictures in which the network found nothing: they are in no figure. */
  readonly withoutTarget: number;
  /** Targets that are a labelled object of their class, and those of them with a mask. */
  readonly correctTargets: number;
  readonly withMask: number;
  readonly meanScore: number;
  readonly groups: number;
}

export interface MethodAgreement {
  readonly network: string;
  readonly a: string;
  readonly b: string;
  readonly pearson: Summary;
  readonly topOverlap: Summary;
}

/** Everything that the study says; the same for the same plan, however often the run was killed. */
export interface StudyResults {
  readonly settings: StudyPlan['settings'];
  readonly identity: string;
  readonly networks: readonly NetworkCounts[];
  readonly rows: readonly StudyRow[];
  readonly agreement: readonly MethodAgreement[];
  readonly comparisons: readonly MethodComparison[];
  readonly networkComparisons: readonly NetworkComparison[];
}

export function isMeasured(record: StudyRecord): record is MeasuredRecord {
  return record.outcome === 'measured';
}

/** @param records in the plan's order */
export function studyResults(plan: StudyPlan, records: readonly StudyRecord[]): StudyResults {
  const { settings, networks } = plan;
  const random = (what: string) => {
    const stream = new Random(settings.seed, `bootstrap ${what}`);
    return () => stream.next();
  };
  const measured = records.filter(isMeasured);
  const ofNetwork = (name: string): MeasuredRecord[] => measured.filter(({ network }) => network === name);
  const rows = networks.flatMap(({ manifest: { name, spectra } }) =>
    settings.methods.map((method): StudyRow => {
      const own = ofNetwork(name);
      const several = spectra.length > 1 ? spectra : [];
      return {
        network: name,
        spectra,
        method: method.name,
        figures: figureSummaries(own, method.name, random(`${name} ${method.name}`)),
        bySpectrum: Object.fromEntries(
          several.map((spectrum) => [
            spectrum,
            figureSummaries(
              own.filter((record) => record.spectrum === spectrum),
              method.name,
              random(`${name} ${method.name} ${spectrum}`),
            ),
          ]),
        ),
        curves: PERTURBATIONS.flatMap((kind) => meanCurve(own, method.name, kind) ?? []),
      };
    }),
  );
  return {
    settings,
    identity: plan.identity,
    networks: networks.map(({ manifest }) => {
      const all = records.filter(({ network }) => network === manifest.name);
      const own = all.filter(isMeasured);
      const scores = own.map(({ target }) => target.score);
      return {
        network: manifest.name,
        sha256: manifest.sha256,
        spectra: manifest.spectra,
        pictures: all.length,
        withoutTarget: all.length - own.length,
        correctTargets: own.filter(({ target }) => target.correct).length,
        withMask: own.filter(({ methods }) => Object.values(methods).some(({ mask }) => mask)).length,
        meanScore: scores.length > 0 ? meanAndDeviation(scores).mean : 0,
        groups: new Set(own.map(({ group }) => group)).size,
      };
    }),
    rows,
    agreement: networks.flatMap(({ manifest: { name } }) => agreements(name, ofNetwork(name), random)),
    comparisons: compareMethods(
      networks.map(({ manifest: { name } }) => ({ network: name, records: ofNetwork(name) })),
      settings.methods.map(({ name }) => name),
      random('method comparisons'),
    ),
    networkComparisons: compareNetworks(
      networks.map(({ manifest: { name, spectra } }) => ({ network: name, spectra, records: ofNetwork(name) })),
      settings.methods.map(({ name }) => name),
      random('network comparisons'),
    ),
  };
}

function figureSummaries(
  records: readonly MeasuredRecord[],
  method: string,
  uniform: () => number,
): Record<string, Summary> {
  const summaries: Record<string, Summary> = {};
  for (const { name, of } of STUDY_FIGURES) {
    const values = records.flatMap(({ methods, target, group }): GroupedValue[] => {
      const figures = methods[method];
      const value = figures && of(figures, target);
      return value === undefined ? [] : [{ value, group }];
    });
    if (values.length > 0) summaries[name] = summarise(values, uniform);
  }
  return summaries;
}

function meanCurve(records: readonly MeasuredRecord[], method: string, kind: Perturbation): MeanCurve | undefined {
  const curves = records.flatMap(({ methods }) => {
    const figures = methods[method];
    if (figures === undefined) return [];
    return [kind === 'deletion' ? figures.deletionCurve : figures.insertionCurve];
  });
  if (curves.length === 0) return undefined;
  const points = curves[0].map((_, step) => meanAndDeviation(curves.map((curve) => curve[step])));
  return { kind, mean: points.map(({ mean }) => mean), deviation: points.map(({ deviation }) => deviation) };
}

function agreements(
  network: string,
  records: readonly MeasuredRecord[],
  random: (what: string) => () => number,
): MethodAgreement[] {
  const pairs = records.at(0)?.agreement ?? [];
  return pairs.map(({ a, b }) => {
    const own = records.flatMap(({ agreement, group }) => {
      const pair = agreement.find((other) => other.a === a && other.b === b);
      return pair ? [{ group, pair }] : [];
    });
    const uniform = random(`${network} ${a} ${b}`);
    const over = (key: 'pearson' | 'topOverlap'): Summary =>
      summarise(
        own.map(({ group, pair }) => ({ group, value: pair[key] })),
        uniform,
      );
    return { network, a, b, pearson: over('pearson'), topOverlap: over('topOverlap') };
  });
}
