import { startProgress } from '../../../src/cli/progress.js';
import { WorkerClient } from '../../../src/workers/workerClient.js';
import { readPicture, type SourcePixels } from './plan.js';
import type { FidelityAnswer, FidelityRequest, FidelityTask } from './protocol.js';
import type { FidelityRecord, Records } from './records.js';
import { fullPasses } from './tasks.js';

/** A thread of the bench. */
export class FidelityWorker {
  readonly #client: WorkerClient<FidelityRequest, FidelityAnswer>;
  #source: { readonly file: string; readonly pixels: Promise<SourcePixels> } | undefined;

  constructor(name: string) {
    this.#client = new WorkerClient(new URL('./worker.js', import.meta.url), { name });
  }

  async call(task: FidelityTask): Promise<FidelityAnswer> {
    const { file } = task.picture;
    if (this.#source?.file !== file) this.#source = { file, pixels: readPicture(file) };
    return this.#client.call({ task, source: await this.#source.pixels });
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

export function startWorkers(count: number): FidelityWorker[] {
  return Array.from({ length: count }, (_, i) => new FidelityWorker(`fidelity worker ${i + 1}`));
}

export interface RunLimits {
  /** `performance.now()` after which no further work is begun. */
  readonly deadlineMs: number;
  /** Passes of live RISE in passes of the whole network, for the progress. */
  readonly liveCost: number;
  /** Name of the map that a task measures: see CurveRecord. */
  readonly mapName?: (task: FidelityTask) => string;
}

/** Works the tasks off in order, each worker one at a time; returns whether all were done before the deadline. */
export async function runTasks(
  workers: readonly FidelityWorker[],
  tasks: readonly FidelityTask[],
  records: Records,
  { deadlineMs, liveCost, mapName = () => '' }: RunLimits,
): Promise<boolean> {
  const total = tasks.reduce((sum, task) => sum + fullPasses(task, liveCost), 0);
  const progress = startProgress('recording', Math.round(total), 'passes');
  let [next, done] = [0, 0];
  const work = async (worker: FidelityWorker): Promise<void> => {
    while (next < tasks.length && performance.now() < deadlineMs) {
      const task = tasks[next++];
      await records.add(recordOf(task, await worker.call(task), mapName(task)));
      done += fullPasses(task, liveCost);
      progress.update(Math.round(done), task.picture.id);
    }
  };
  try {
    await Promise.all(workers.map(work));
  } finally {
    progress.stop();
  }
  return next >= tasks.length;
}

function recordOf(task: FidelityTask, answer: FidelityAnswer, map: string): FidelityRecord {
  const picture = task.picture.id;
  if (task.kind === 'masks' && answer.kind === 'masks') {
    const { stream, from, count } = task;
    const scores = Buffer.from(answer.scores.buffer).toString('base64');
    return { kind: 'masks', picture, stream: stream.name, from, count, scores, ms: answer.ms };
  }
  if (task.kind === 'curves' && answer.kind === 'curves') {
    const { deletion, insertion } = answer;
    return { kind: 'curves', picture, box: task.box, map, deletion, insertion };
  }
  throw new Error(`a fidelity worker answered ${task.kind} with ${answer.kind}`);
}

/** Milliseconds of a whole and of a live pass with all workers at work, from a few passes of each. */
export async function calibrate(
  workers: readonly FidelityWorker[],
  sample: readonly [whole: FidelityTask, live: FidelityTask],
): Promise<{ readonly wholeMs: number; readonly liveMs: number }> {
  const time = async (task: FidelityTask): Promise<number> => {
    const ask = (): Promise<FidelityAnswer[]> => Promise.all(workers.map((worker) => worker.call(task)));
    // The first call opens the session.
    await ask();
    const answers = await ask();
    const ms = answers.map((answer) => (answer.kind === 'masks' ? answer.ms : 0));
    return ms.reduce((sum, value) => sum + value, 0) / ms.length / (task.kind === 'masks' ? task.count : 1);
  };
  return { wholeMs: await time(sample[0]), liveMs: await time(sample[1]) };
}
