import { Worker } from 'node:worker_threads';
import type { PictureJob, PictureReply, RenderJob, RenderedView } from './renderJobs.js';

/** What a render worker is started with: jobs that write files lie under `root`. */
export interface WorkerSetup {
  readonly root?: string;
}

type Reply<T> = { readonly result: T } | { readonly error: string };

/** A render thread that takes one job at a time. */
export class RenderThread {
  private readonly worker: Worker;

  constructor(setup: WorkerSetup) {
    this.worker = new Worker(new URL('./renderWorker.js', import.meta.url), { workerData: setup });
  }

  ask(job: RenderJob): Promise<RenderedView[]>;
  ask(job: PictureJob): Promise<PictureReply[]>;
  ask(job: RenderJob | PictureJob): Promise<RenderedView[] | PictureReply[]> {
    const { worker } = this;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        act();
      };
      const onMessage = (reply: Reply<RenderedView[] | PictureReply[]>): void =>
        settle(() => ('result' in reply ? resolve(reply.result) : reject(new Error(reply.error))));
      const onError = (error: Error): void => settle(() => reject(error));
      const onExit = (code: number): void => settle(() => reject(new Error(`render thread ended with code ${code}`)));
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(job);
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
