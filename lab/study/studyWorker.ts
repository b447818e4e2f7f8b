import { workerData } from 'node:worker_threads';
import { serve } from '../../src/workers/workerServer.js';
import { measurePicture, type MeasureTask, type Measurement } from './measure.js';
import { NetworkBench } from './networkBench.js';
import type { StudySettings } from './settings.js';

/** What a worker of the study is started with. */
export interface StudyWorkerSetup {
  readonly settings: StudySettings;
  readonly networks: readonly { readonly manifestPath: string; readonly shuffledPath?: string }[];
}

export type StudyRequest =
  { readonly kind: 'measure'; readonly network: number; readonly task: MeasureTask } | { readonly kind: 'close' };

/** Undefined where the network finds nothing. */
export type StudyAnswer = Measurement | undefined;

/** Entry point of a worker thread of the study: one network is open at a time, as tasks come network by network. */
const { settings, networks } = workerData as StudyWorkerSetup;
let open: { readonly network: number; readonly bench: NetworkBench; readonly shuffled?: NetworkBench } | undefined;

async function closeOpen(): Promise<void> {
  await open?.bench.close();
  await open?.shuffled?.close();
  open = undefined;
}

serve<StudyRequest, StudyAnswer>(async (request) => {
  if (request.kind === 'close') {
    await closeOpen();
    return { value: undefined };
  }
  if (open?.network !== request.network) {
    await closeOpen();
    const { manifestPath, shuffledPath } = networks[request.network];
    const bench = await NetworkBench.open(manifestPath);
    const shuffled = shuffledPath === undefined ? {} : { shuffled: await NetworkBench.open(shuffledPath) };
    open = { network: request.network, bench, ...shuffled };
  }
  return { value: await measurePicture(open.bench, request.task, settings, open.shuffled) };
});
