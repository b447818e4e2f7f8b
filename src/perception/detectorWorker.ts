import { workerData } from 'node:worker_threads';
import { ExpectedError } from '../errors.js';
import { serve } from '../workers/workerServer.js';
import { ExplainingDetector } from './explainingDetector.js';
import type { DetectionJobResult, DetectorAnswer, DetectorRequest, LoadedModel, WorkerSetup } from './protocol.js';

/** Entry point of a worker thread of DetectorPool: loads the models, then does one job after another. */

const { models, ...options } = workerData as WorkerSetup;
/** By the path of their manifests: models may share one. */
const byPath = new Map<string, ExplainingDetector>();

serve<DetectorRequest, DetectorAnswer>(async (request) => {
  switch (request.kind) {
    case 'load':
      return { value: { kind: 'loaded', models: await load() } };
    case 'detect': {
      const { sent, transfer } = packResult(await detectorFor(request.job.model).detect(request.job));
      return { value: { kind: 'detected', result: sent }, transfer };
    }
    case 'close':
      for (const detector of byPath.values()) await detector.close();
      return { value: { kind: 'closed' } };
  }
});

async function load(): Promise<Record<string, LoadedModel>> {
  const loaded: Record<string, LoadedModel> = {};
  for (const [key, manifestPath] of Object.entries(models)) {
    const explaining = byPath.get(manifestPath) ?? (await ExplainingDetector.load(manifestPath, options));
    byPath.set(manifestPath, explaining);
    const { manifest, providerAttempts } = explaining.detector;
    loaded[key] = { manifest, providerAttempts };
  }
  return loaded;
}

function detectorFor(model: string): ExplainingDetector {
  const detector = byPath.get(models[model] ?? '');
  if (detector) return detector;
  throw new ExpectedError('usage', `there is no model ${model}`, `use one of ${Object.keys(models).join(', ')}`);
}

/** The result with buffers that may be moved: feature maps lie in ONNX Runtime's memory and are copied. */
function packResult(result: DetectionJobResult): { sent: DetectionJobResult; transfer: ArrayBuffer[] } {
  const featureMaps = result.featureMaps?.map((features) => ({ ...features, data: features.data.slice() }));
  const arrays = [
    result.pixels,
    ...result.detections.flatMap(({ map }) => (map ? [map.values] : [])),
    ...(featureMaps ?? []).map(({ data }) => data),
  ];
  const buffers = arrays
    .map(({ buffer }) => buffer)
    .filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
  return { sent: featureMaps ? { ...result, featureMaps } : result, transfer: [...new Set(buffers)] };
}
