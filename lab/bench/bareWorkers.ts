import { Worker } from 'node:worker_threads';
import type { BareWorkerData } from './bareWorker.js';

/** A thread with one bare session that does nothing but run. */
export interface BareWorker {
  /** Runs so many times, one after another. */
  run(frames: number): Promise<void>;
  close(): Promise<unknown>;
}

/** Starts the thread and runs its session once. */
export async function startBareWorker(model: string, threads: number): Promise<BareWorker> {
  const worker = new Worker(new URL('./bareWorker.js', import.meta.url), {
    workerData: { model, threads } satisfies BareWorkerData,
  });
  const answer = (): Promise<void> =>
    new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', () => {
        worker.off('error', reject);
        resolve();
      });
    });
  await answer();
  return {
    run: (frames) => {
      worker.postMessage(frames);
      return answer();
    },
    close: () => worker.terminate(),
  };
}
