import { parentPort } from 'node:worker_threads';
import { packError } from './sentError.js';
import type { Reply, ReplyMessage, RequestMessage } from './workerProtocol.js';

/**
 * Serves requests in a worker thread, one after another in the order in which they were sent. Whatever the handler throws
 * becomes the request's trouble; an error outside every request is reported and fails the request at hand, if any. Neither
 * ends the thread.
 */
export function serve<Request, Value>(handle: (request: Request) => Promise<Reply<Value>> | Reply<Value>): void {
  const port = parentPort;
  if (port === null) throw new Error('serve() runs in a worker thread only');
  let strayError: ((error: unknown) => void) | undefined;
  let last = Promise.resolve();

  const answer = async ({ id, request }: RequestMessage): Promise<void> => {
    try {
      const failedOutside = new Promise<never>((_, reject) => (strayError = reject));
      const { value, transfer } = await Promise.race([
        // The caller and this thread are built together: the cast is the seam between their types.
        Promise.resolve(request as Request).then(handle),
        failedOutside,
      ]);
      port.postMessage({ kind: 'reply', id, value } satisfies ReplyMessage, transfer ?? []);
    } catch (error) {
      port.postMessage({ kind: 'trouble', id, error: packError(error) } satisfies ReplyMessage);
    } finally {
      strayError = undefined;
    }
  };

  const onStray = (error: unknown): void => {
    if (strayError !== undefined) strayError(error);
    else port.postMessage({ kind: 'stray', error: packError(error) } satisfies ReplyMessage);
  };
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
  port.on('message', (message: RequestMessage) => {
    last = last.then(() => answer(message));
  });
}
