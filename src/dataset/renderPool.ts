import { Worker } from 'node:worker_threads';
import type { Spectrum } from '../spectrum.js';
import type { DriveOptions } from './drive.js';
import type { RunLengthMask } from './runLength.js';
import type { TruthObject } from './truth.js';

/** One moment to render and where its pictures go: `<root>/<split>/<spectrum>/images/<id>.png`. */
export interface RenderJob {
  readonly drive: DriveOptions;
  readonly time: number;
  readonly frame: number;
  readonly split: string;
  readonly id: string;
  /** Bits of an infrared pixel; RGB is always 8. */
  readonly depth: 8 | 16;
}

/** What a worker says about one written picture. */
export interface RenderedView {
  readonly spectrum: Spectrum;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly (TruthObject & { readonly mask: RunLengthMask })[];
}

/**
 * Renders jobs on worker threads. Jobs of one drive go to the same worker one after the other (it keeps the drive), drives to
 * whichever worker is free. Results arrive through `onViews` in any order; which thread drew a picture changes no byte.
 */
export async function renderJobs(
  root: string,
  drives: readonly (readonly RenderJob[])[],
  threads: number,
  onViews: (job: RenderJob, views: RenderedView[]) => void,
): Promise<void> {
  const queue = [...drives];
  const run = async (): Promise<void> => {
    const worker = new Worker(new URL('./renderWorker.js', import.meta.url), { workerData: { root } });
    try {
      for (let jobs = queue.shift(); jobs; jobs = queue.shift()) {
        for (const job of jobs) onViews(job, await ask(worker, job));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, drives.length) }, run));
}

function ask(worker: Worker, job: RenderJob): Promise<RenderedView[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      act();
    };
    const onMessage = (reply: { views?: RenderedView[]; error?: string }): void =>
      settle(() => (reply.views ? resolve(reply.views) : reject(new Error(reply.error))));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`render worker ended with code ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(job);
  });
}
