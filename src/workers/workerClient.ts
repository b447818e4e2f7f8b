import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { ExpectedError } from '../errors.js';
import { unpackError } from './sentError.js';
import type { ReplyMessage, RequestMessage } from './workerProtocol.js';

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

export interface WorkerClientOptions {
  /** How messages name the worker, for example `vision worker`. */
  readonly name: string;
  /** Given to the worker thread; structured clone. */
  readonly workerData?: unknown;
  readonly resourceLimits?: ResourceLimits;
  /** The error for a thread that has exited though nobody closed it. Default: one that names it and advises to start again. */
  readonly endError?: (code: number, cause: unknown) => ExpectedError;
  /** Called once when the thread has ended though nobody closed it, after what waited was rejected. */
  readonly onDeath?: (error: ExpectedError) => void;
  /** Errors in the worker that belong to no request; the worker goes on. */
  readonly onStray?: (error: Error) => void;
}

/**
 * The caller's side of a worker thread that runs `serve`. The thread does not keep the process alive unless a request waits
 * for it. After the thread's death every call, waiting or new, is rejected with an ExpectedError (environment) that names it.
 */
export class WorkerClient<Request, Value> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Value>>();
  readonly #exited: Promise<void>;
  #nextId = 0;
  #end: ExpectedError | undefined;
  readonly options: WorkerClientOptions;

  /** @param script The worker's compiled module. */
  constructor(script: URL, options: WorkerClientOptions) {
    this.options = options;
    const { workerData, name, resourceLimits } = options;
    const worker = new Worker(script, {
      workerData,
      name,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#worker = worker;
    let cause: unknown;
    worker.on('message', (message: ReplyMessage) => this.#receive(message));
    worker.on('messageerror', (error) =>
      this.#died(this.#endedBy(`a message of it could not be read: ${error.message}`, error)),
    );
    worker.on('error', (error) => (cause = error));
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        const endError = options.endError ?? this.#exitError.bind(this);
        this.#died(endError(code, cause));
        resolve();
      });
    });
    worker.unref();
  }

  /**
   * Sends a request. Buffers in `transfer` move to the worker and are empty here afterwards.
   * @throws the worker's error; ExpectedError (environment) where the worker has ended
   */
  call(request: Request, transfer: readonly Transferable[] = []): Promise<Value> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, request } satisfies RequestMessage, transfer);
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  /** Why every call is rejected from now on: the thread has ended, or was closed. */
  get ended(): ExpectedError | undefined {
    return this.#end;
  }

  /** Requests sent and not answered. */
  get inFlight(): number {
    return this.#waiting.size;
  }

  /** Ends the thread at once; what waits is rejected. Resolves when it is gone. Close when nothing is in flight. */
  async close(): Promise<void> {
    this.#end ??= new ExpectedError(
      'environment',
      `the ${this.options.name} was closed`,
      'do not use it after closing',
    );
    this.#rejectAll(this.#end);
    await this.#worker.terminate();
    await this.#exited;
  }

  #receive(message: ReplyMessage): void {
    if (message.kind === 'stray') {
      this.options.onStray?.(unpackError(message.error, this.options.name));
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (message.kind === 'trouble') waiting.reject(unpackError(message.error, this.options.name));
    else waiting.resolve(message.value as Value); // see serve(): the seam between the types of the two threads
  }

  #died(error: ExpectedError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#rejectAll(error);
    this.options.onDeath?.(error);
  }

  #exitError(code: number, cause: unknown): ExpectedError {
    return this.#endedBy(cause instanceof Error ? cause.message : `exit code ${code}`, cause);
  }

  #endedBy(reason: string, cause: unknown): ExpectedError {
    return new ExpectedError(
      'environment',
      `the ${this.options.name} ended unexpectedly: ${reason}`,
      'end this process and start it again; if it happens with the same input, report that input',
      { cause },
    );
  }

  #rejectAll(error: ExpectedError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
