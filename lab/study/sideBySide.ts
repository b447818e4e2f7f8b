import { availableParallelism } from 'node:os';
import { WorkerClient } from '../../src/workers/workerClient.js';

/** Tasks for worker threads, each of which does one at a time. */
export interface SideBySide<Task, Request, Answer, Result> {
  /** The workers' compiled module, which runs `serve`. */
  readonly script: URL;
  /** How messages name a worker, without its number. */
  readonly name: string;
  readonly workerData: unknown;
  /** Default: one for each core; never more than tasks. */
  readonly workers?: number | undefined;
  readonly tasks: readonly Task[];
  readonly work: (client: WorkerClient<Request, Answer>, task: Task) => Promise<Result>;
  /** Called for one result after another, whoever made it, in any order. */
  readonly onResult: (result: Result) => Promise<void>;
  /** Asked of every worker at the end, so that it frees its sessions in its own thread. */
  readonly close: Request;
  /** Takes no more tasks; those in work are finished. */
  readonly signal?: AbortSignal | undefined;
}

/** Works through the tasks. @throws what the first failing task threw, after those in work have ended */
export async function workSideBySide<Task, Request, Answer, Result>(
  job: SideBySide<Task, Request, Answer, Result>,
): Promise<void> {
  const { script, name, workerData, workers = availableParallelism(), tasks, signal } = job;
  const clients = Array.from(
    { length: Math.max(1, Math.min(workers, tasks.length)) },
    (_, i) => new WorkerClient<Request, Answer>(script, { name: `${name} ${i + 1}`, workerData }),
  );
  const queue = [...tasks];
  let failed = false;
  let written = Promise.resolve();
  const work = async (client: WorkerClient<Request, Answer>): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !failed && !signal?.aborted; next = queue.shift()) {
      const result = await job.work(client, next);
      // Results are written one after another, whoever made them.
      written = written.then(() => job.onResult(result));
      await written;
    }
  };
  try {
    const ends = await Promise.allSettled(
      clients.map((client) =>
        work(client).catch((error: unknown) => {
          failed = true;
          throw error;
        }),
      ),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    // Requests are served in order: sessions are freed by their own threads before these end.
    await Promise.allSettled(clients.map((client) => client.call(job.close)));
    await Promise.allSettled(clients.map((client) => client.close()));
  }
}
