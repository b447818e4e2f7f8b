import { passedOver } from '../detector/passedOver.js';
import type { ProviderAttempt } from '../detector/providerCheck.js';
import type { LoadedModel } from './protocol.js';
import type { Spectrum } from '../spectrum.js';
import type { ModelIdentity } from './perceivedSet.js';

/** Why boxes of families other than EfficientDet come without a live map. */
const WITHOUT_MAPS =
  'live maps are known for EfficientDet only so far; msal explain draws maps with masks (--method rise)';

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
      const { name, sha256, classes, family } = model.manifest;
      const without = family === 'efficientdet' ? {} : { withoutMaps: WITHOUT_MAPS };
      this.#models.set(spectrum, { name, sha256, classes, ...without, ...providerUse(model.providerAttempts) });
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
    const { name, sha256, classes, withoutMaps } = known;
    const model = { name, sha256, classes, ...(withoutMaps === undefined ? {} : { withoutMaps }), ...use };
    this.#models.set(spectrum, model);
    this.onFallback(spectrum, model);
    return model;
  }
}

function providerUse(attempts: readonly ProviderAttempt[]): Pick<ModelIdentity, 'provider' | 'fallback'> {
  const fallback = passedOver(attempts);
  return { provider: attempts.at(-1)?.provider ?? 'cpu', ...(fallback === undefined ? {} : { fallback }) };
}
