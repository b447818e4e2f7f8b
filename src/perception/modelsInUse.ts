import { passedOver } from '../detector/passedOver.js';
import type { ProviderAttempt } from '../detector/providerCheck.js';
import type { LoadedModel } from './protocol.js';
import type { Spectrum } from '../spectrum.js';
import type { ModelIdentity } from './perceivedSet.js';

/** Which model each band uses, and what it runs on: that changes when an execution provider is lost. */
export class ModelsInUse {
  readonly #models = new Map<Spectrum, ModelIdentity>();
  readonly onFallback: (spectrum: Spectrum, model: ModelIdentity) => void;

  /**
   * @param loaded by spectrum
   * @param onFallback called once for each band whose provider was lost
   */
  constructor(
    bands: readonly Spectrum[],
    loaded: Readonly<Record<string, LoadedModel>>,
    onFallback: (spectrum: Spectrum, model: ModelIdentity) => void,
  ) {
    this.onFallback = onFallback;
    for (const spectrum of bands) {
      const model = loaded[spectrum];
      if (model === undefined) continue;
      const { name, sha256, classes } = model.manifest;
      this.#models.set(spectrum, { name, sha256, classes, ...providerUse(model.providerAttempts) });
    }
  }

  get current(): ReadonlyMap<Spectrum, ModelIdentity> {
    return this.#models;
  }

  /** The model that has just detected in a band, on the provider that it has now; undefined for a band without one. */
  after(spectrum: Spectrum, attempts: readonly ProviderAttempt[]): ModelIdentity | undefined {
    const known = this.#models.get(spectrum);
    const use = providerUse(attempts);
    if (known === undefined || use.provider === known.provider) return known;
    const { name, sha256, classes } = known;
    const model = { name, sha256, classes, ...use };
    this.#models.set(spectrum, model);
    this.onFallback(spectrum, model);
    return model;
  }
}

function providerUse(attempts: readonly ProviderAttempt[]): Pick<ModelIdentity, 'provider' | 'fallback'> {
  const fallback = passedOver(attempts);
  return { provider: attempts.at(-1)?.provider ?? 'cpu', ...(fallback === undefined ? {} : { fallback }) };
}
