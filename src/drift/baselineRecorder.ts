import type { Spectrum } from '../spectrum.js';
import type { Baseline, BandBaseline, DetectionSettings } from './baseline.js';
import { AGREEMENT_BINS, BAND_FIGURES, type BandFigure, type Observation, valuesOf } from './figures.js';

/** Counts what is seen on a drive that goes as it should. Memory does not grow with the drive. */
export class BaselineRecorder {
  readonly #bands = new Map<Spectrum, BandBaseline>();
  readonly #agreement = new Array<number>(AGREEMENT_BINS.count).fill(0);
  #frameSets = 0;
  readonly source: string;
  readonly settings: DetectionSettings;

  /** @param models by band; a band without a model is not recorded */
  constructor(
    source: string,
    settings: DetectionSettings,
    models: ReadonlyMap<
      Spectrum,
      { readonly name: string; readonly sha256: string; readonly classes: readonly string[] }
    >,
  ) {
    this.source = source;
    this.settings = settings;
    for (const [spectrum, { name, sha256, classes }] of models)
      this.#bands.set(spectrum, {
        model: { name, sha256 },
        classes: [...classes],
        classCounts: classes.map(() => 0),
        figures: Object.fromEntries(
          Object.entries(BAND_FIGURES).map(([figure, bins]) => [figure, new Array<number>(bins.count).fill(0)]),
        ) as Record<BandFigure, number[]>,
      });
  }

  add({ bands, agreements }: Observation): void {
    this.#frameSets++;
    for (const observed of bands) {
      const band = this.#bands.get(observed.spectrum);
      if (band === undefined) continue;
      for (const { figure, value } of valuesOf(observed)) band.figures[figure][BAND_FIGURES[figure].of(value)]++;
      for (const { className } of observed.detections) {
        const index = band.classes.indexOf(className);
        if (index >= 0) band.classCounts[index]++;
      }
    }
    for (const agreement of agreements) this.#agreement[AGREEMENT_BINS.of(agreement)]++;
  }

  baseline(): Baseline {
    return {
      kind: 'multispectral_saliency drift baseline',
      schemaVersion: 1,
      source: this.source,
      frameSets: this.#frameSets,
      settings: this.settings,
      bands: Object.fromEntries(this.#bands),
      agreement: this.#agreement,
    };
  }
}
