import { workerData } from 'node:worker_threads';
import { serve } from '../../../src/workers/workerServer.js';
import { TrustBench, type TrustMeasurement, type TrustTask } from './measure.js';
import type { TrustSettings } from './settings.js';

/** What a worker is started with. */
export interface TrustWorkerSetup {
  readonly settings: TrustSettings;
  readonly manifestPaths: readonly string[];
}

export type TrustRequest =
  { readonly kind: 'measure'; readonly network: number; readonly task: TrustTask } | { readonly kind: 'close' };
export type TrustAnswer = TrustMeasurement | undefined;

/** Entry point of a worker thread: one network is open at a time, as tasks come network by network. */
const { settings, manifestPaths } = workerData as TrustWorkerSetup;
let open: { readonly network: number; readonly bench: TrustBench } | undefined;

async function closeOpen(): Promise<void> {
  await open?.bench.close();
  open = undefined;
}

serve<TrustRequest, TrustAnswer>(async (request) => {
  if (request.kind === 'close') {
    await closeOpen();
    return { value: undefined };
  }
  if (open?.network !== request.network) {
    await closeOpen();
    open = { network: request.network, bench: await TrustBench.open(manifestPaths[request.network]) };
  }
  return { value: await open.bench.measure(request.task, settings) };
});
