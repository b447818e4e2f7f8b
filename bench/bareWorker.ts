import { parentPort, workerData } from 'node:worker_threads';
import { openBareSession } from './bareSession.js';

/** A thread with one bare session: a number n runs it n times, answered by a message. */
const port = parentPort;
if (port) {
  const session = await openBareSession(workerData as string, 1);
  await session.run();
  port.on('message', (frames: number) => {
    void (async () => {
      for (let i = 0; i < frames; i++) await session.run();
      port.postMessage('done');
    })();
  });
  port.postMessage('ready');
}
