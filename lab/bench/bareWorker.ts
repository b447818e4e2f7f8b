import { parentPort, workerData } from 'node:worker_threads';
import { openBareSession } from './bareSession.js';

/** The model's manifest, and the threads of one run. */
export interface BareWorkerData {
  readonly model: string;
  readonly threads: number;
}

/** A thread with one bare session: a number n runs it n times, answered by a message. */
const port = parentPort;
if (port) {
  const { model, threads } = workerData as BareWorkerData;
  const session = await openBareSession(model, threads);
  await session.run();
  port.on('message', (frames: number) => {
    void (async () => {
      for (let i = 0; i < frames; i++) await session.run();
      port.postMessage('done');
    })();
  });
  port.postMessage('ready');
}
