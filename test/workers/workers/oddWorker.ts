import { workerData } from 'node:worker_threads';
import { ExpectedError } from '../../../src/errors.js';
import { serve } from '../../../src/workers/workerServer.js';

/** A worker that does what it is asked to, good and bad. */
export type OddRequest =
  | { readonly kind: 'double'; readonly values: Uint8Array }
  | { readonly kind: 'data' }
  | { readonly kind: 'throwExpected' }
  | { readonly kind: 'throwString' }
  | { readonly kind: 'throwLater' }
  | { readonly kind: 'strayAfterwards' }
  | { readonly kind: 'slow' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'outOfMemory' };

export interface OddReply {
  readonly values?: Uint8Array;
  readonly data?: unknown;
}

serve<OddRequest, OddReply>(async (request) => {
  switch (request.kind) {
    case 'double': {
      const values = request.values.map((value) => 2 * value);
      return { value: { values }, transfer: [values.buffer] };
    }
    case 'data':
      return { value: { data: workerData as unknown } };
    case 'throwExpected':
      throw new ExpectedError('input', 'frame 3 has no pixels', 'check the camera');
    case 'throwString':
      // As OpenCV's binding does.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw 'assertion failed';
    case 'throwLater':
      setImmediate(() => {
        throw new Error('thrown outside the promise');
      });
      return new Promise(() => undefined);
    case 'strayAfterwards':
      setTimeout(() => {
        throw new Error('nobody asked');
      }, 1);
      return { value: {} };
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return { value: {} };
    case 'exit':
      process.exit(7);
    // eslint-disable-next-line no-fallthrough -- process.exit() does not return
    case 'outOfMemory': {
      const hoard: number[][] = [];
      for (;;) hoard.push(new Array<number>(1e6).fill(hoard.length));
    }
  }
});
