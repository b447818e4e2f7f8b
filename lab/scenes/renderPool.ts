import type { RenderJob, RenderedView } from './renderJobs.js';
import { RenderThread } from './renderThread.js';

/**
 * Renders jobs on worker threads. Jobs of one drive go to the same thread one after the other (it keeps the drive), drives to
 * whichever thread is free. Results arrive through `onViews` in any order; which thread drew a picture changes no byte.
 * @param signal ends it early, without an error: what is being drawn is finished
 * @throws Error whatever made a thread fail; the other threads are ended
 */
export async function renderJobs(
  root: string,
  drives: readonly (readonly RenderJob[])[],
  threads: number,
  onViews: (job: RenderJob, views: RenderedView[]) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = [...drives];
  const run = async (): Promise<void> => {
    const thread = new RenderThread({ root });
    try {
      for (let jobs = queue.shift(); jobs; jobs = queue.shift()) {
        for (const job of jobs) {
          if (signal?.aborted === true) return;
          onViews(job, await thread.ask(job));
        }
      }
    } catch (error) {
      queue.length = 0;
      throw error;
    } finally {
      await thread.end();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(threads, drives.length)) }, run));
}
