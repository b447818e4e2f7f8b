import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { ExpectedError } from '../errors.js';
import { ExplainingDetector } from './explainingDetector.js';
import {
  packError,
  type DetectionJob,
  type DetectionJobResult,
  type FromWorker,
  type LoadedModel,
  type ToWorker,
  type WorkerSetup,
} from './protocol.js';

/** Entry point of a worker thread of DetectorPool: loads the models, then does one job after another. */
async function main(port: MessagePort, { models, ...options }: WorkerSetup): Promise<void> {
  const detectors = new Map<string, ExplainingDetector>();
  const byPath = new Map<string, ExplainingDetector>();
  for (const [key, manifestPath] of Object.entries(models)) {
    const detector = byPath.get(manifestPath) ?? (await ExplainingDetector.load(manifestPath, options));
    byPath.set(manifestPath, detector);
    detectors.set(key, detector);
  }
  const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => {
    port.postMessage(message, transfer);
  };
  let failJob: ((error: unknown) => void) | undefined;
  const detect = async (job: DetectionJob): Promise<void> => {
    try {
      const failedOutside = new Promise<never>((_, reject) => (failJob = reject));
      const result = await Promise.race([detectorFor(detectors, job.model).detect(job), failedOutside]);
      const { sent, transfer } = packResult(result);
      send({ kind: 'done', result: sent }, transfer);
    } catch (error) {
      send({ kind: 'failed', error: packError(error) });
    } finally {
      failJob = undefined;
    }
  };
  const close = async (): Promise<void> => {
    port.close();
    for (const detector of byPath.values()) await detector.close();
  };
  // The pool sends the next job only after the answer to the last one.
  port.on('message', (message: ToWorker) => {
    void (message.kind === 'detect' ? detect(message.job) : close());
  });
  const loaded: Record<string, LoadedModel> = {};
  for (const [key, { detector }] of detectors)
    loaded[key] = { manifest: detector.manifest, providerAttempts: detector.providerAttempts };
  send({ kind: 'ready', models: loaded });
  // An error that belongs to nothing must not end the thread; what was in work may wait for it in vain.
  const onStray = (error: unknown): void => {
    if (failJob === undefined) send({ kind: 'stray', error: packError(error) });
    else failJob(error);
  };
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
}

function detectorFor(detectors: ReadonlyMap<string, ExplainingDetector>, model: string): ExplainingDetector {
  const detector = detectors.get(model);
  if (detector) return detector;
  throw new ExpectedError('usage', `there is no model ${model}`, `use one of ${[...detectors.keys()].join(', ')}`);
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

if (parentPort) {
  const port = parentPort;
  main(port, workerData as WorkerSetup).catch((error: unknown) => {
    port.postMessage({ kind: 'failed', error: packError(error) } satisfies FromWorker);
    port.close();
  });
}
