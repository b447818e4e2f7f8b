import type { BandContribution } from '../fusion/bandContributions.js';
import type { FusedSet } from '../fusion/spectralFusion.js';
import { type Spectrum, SPECTRA } from '../spectrum.js';
import { type ContributionSummary, ContributionTally } from './contributionTally.js';

/** What fusion made of a whole drive. */
export interface FusionSummary {
  readonly reference: Spectrum;
  /** Fused detections by class. */
  readonly detections: Readonly<Record<string, number>>;
  /** Fused detections by how many bands support them, from one band on. */
  readonly supportedBy: readonly number[];
  /** By band: objects that it should have seen and was silent about. */
  readonly silent: Readonly<Partial<Record<Spectrum, number>>>;
  /** Mean over the fused detections that more than one band should see, in (0, 1]; absent where there was none. */
  readonly agreement?: number;
  /** By band: what it did for the fused scores. */
  readonly contributions: Readonly<Partial<Record<Spectrum, ContributionSummary>>>;
  /** Boxes that could not be registered. */
  readonly unregistered: number;
}

/** Counts what fusion finds, in bounded memory. */
export class FusionTally {
  readonly #detections = new Map<string, number>();
  readonly #supportedBy: number[] = [];
  readonly #silent = new Map<Spectrum, number>();
  readonly #contributions = new ContributionTally();
  #agreementSum = 0;
  #agreementCount = 0;
  #unregistered = 0;
  readonly reference: Spectrum;

  constructor(reference: Spectrum) {
    this.reference = reference;
  }

  /** @param contributions of each fused detection */
  add({ detections, spectra, unregistered }: FusedSet, contributions: readonly BandContribution[][]): void {
    this.#unregistered += unregistered;
    while (this.#supportedBy.length < spectra.length) this.#supportedBy.push(0);
    for (const own of contributions) this.#contributions.add(own);
    for (const { className, supporting, silent, agreement } of detections) {
      this.#detections.set(className, (this.#detections.get(className) ?? 0) + 1);
      this.#supportedBy[supporting.length - 1]++;
      for (const spectrum of silent) this.#silent.set(spectrum, (this.#silent.get(spectrum) ?? 0) + 1);
      if (agreement === undefined) continue;
      this.#agreementSum += agreement;
      this.#agreementCount++;
    }
  }

  summary(): FusionSummary {
    const silent = SPECTRA.flatMap((spectrum) => {
      const count = this.#silent.get(spectrum);
      return count === undefined ? [] : [[spectrum, count] as const];
    });
    return {
      reference: this.reference,
      detections: Object.fromEntries([...this.#detections].sort(([, a], [, b]) => b - a)),
      supportedBy: this.#supportedBy,
      silent: Object.fromEntries(silent),
      ...(this.#agreementCount > 0 && { agreement: this.#agreementSum / this.#agreementCount }),
      contributions: this.#contributions.summary(),
      unregistered: this.#unregistered,
    };
  }
}

/** The figures as the report shows them. */
export function fusionCards({ detections, agreement }: FusionSummary): { label: string; value: string }[] {
  const total = Object.values(detections).reduce((sum, count) => sum + count, 0);
  return [
    { label: 'Fused detections', value: String(total) },
    ...(agreement === undefined ? [] : [{ label: 'Agreement of bands', value: `${(100 * agreement).toFixed(0)} %` }]),
  ];
}

/** The rest of the figures in words. */
export function fusionNotes({ reference, supportedBy, silent, contributions, unregistered }: FusionSummary): string[] {
  const bands = supportedBy.map((count, i) => `${String(count)} by ${i === 0 ? 'one band' : `${String(i + 1)} bands`}`);
  return [
    `Fused detections, in the view of the ${reference} camera: supported ${bands.join(', ')}.`,
    ...(Object.keys(contributions).length > 0 ? [`${carriedBy(contributions)}.`] : []),
    ...(Object.keys(silent).length > 0
      ? [`Silent about fused detections that they should see: ${listed(silent)}.`]
      : []),
    ...(unregistered > 0 ? [`${String(unregistered)} boxes could not be registered to the ${reference} camera.`] : []),
  ];
}

/** Of how many fused detections each band has the largest share, in words. */
export function carriedBy(contributions: FusionSummary['contributions']): string {
  const carried = Object.fromEntries(Object.entries(contributions).map(([spectrum, own]) => [spectrum, own.carried]));
  return `Fused detections that a band carried, by its Shapley value: ${listed(carried)}`;
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([spectrum, count]) => `${spectrum} ${String(count)}`)
    .join(', ');
}
