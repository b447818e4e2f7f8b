import { WorkerClient } from '../../src/workers/workerClient.js';
import type { PictureJob, PictureReply, RenderJob, RenderedView } from './renderJobs.js';

/** What a render worker is started with: jobs that write files lie under `root`. */
export interface WorkerSetup {
  readonly root?: string;
}

/** A render thread. */
export class RenderThread {
  readonly #worker: WorkerClient<RenderJob | PictureJob, RenderedView[] | PictureReply[]>;

  constructor(setup: WorkerSetup) {
    const script = new URL('./renderWorker.js', import.meta.url);
    this.#worker = new WorkerClient(script, { name: 'render thread', workerData: setup });
  }

  /** @throws ExpectedError `output` where a file cannot be written */
  ask(job: RenderJob): Promise<RenderedView[]>;
  ask(job: PictureJob): Promise<PictureReply[]>;
  ask(job: RenderJob | PictureJob): Promise<RenderedView[] | PictureReply[]> {
    return this.#worker.call(job);
  }

  async end(): Promise<void> {
    await this.#worker.close();
  }
}
