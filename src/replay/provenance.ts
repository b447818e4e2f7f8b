import type { PerceptionConfig } from '../pipeline/configSchema.js';
import type { ReplaySummary } from './replaySummary.js';

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
