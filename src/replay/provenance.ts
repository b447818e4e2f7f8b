import type { PerceptionConfig } from '../perception/configSchema.js';
import type { ModelIdentity } from '../perception/perceivedSet.js';
import type { ModelInfo } from '../report/reportInput.js';
import type { Spectrum } from '../spectrum.js';
import type { ReplaySummary } from './replaySummary.js';

/** The models as `summary.json` names them. */
export function summaryModels(models: ReadonlyMap<Spectrum, ModelIdentity>): ReplaySummary['models'] {
  return Object.fromEntries(
    [...models].map(([spectrum, { name, sha256, provider }]) => [spectrum, { name, sha256, provider }]),
  );
}

/** The models as the report names them. */
export function reportModels(models: ReadonlyMap<Spectrum, ModelIdentity>): ModelInfo[] {
  return [...models].map(([spectrum, { name, sha256, provider }]) => ({
    name,
    sha256,
    spectra: [spectrum],
    detail: provider,
  }));
}

/** What makes the maps, in words. */
export function describeMethod({ explanation }: PerceptionConfig): string {
  const words = {
    study: 'Grad-CAM, ReLU on each weighted feature map, then the sum',
    usual: 'Grad-CAM, sum of the weighted feature maps, then ReLU',
    none: 'Grad-CAM, sum of the weighted feature maps, no ReLU',
    off: 'no maps',
  } as const;
  return words[explanation.gradCam];
}

/** Provenance as the metadata record of an MCAP file holds it: text pairs. */
export function provenanceRecord({
  source,
  models,
  parameters,
  versions: made,
  completed,
}: ReplaySummary): Record<string, string> {
  const text = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, JSON.stringify(value)]));
  return { source, completed: String(completed), models: JSON.stringify(models), ...text, ...made };
}
