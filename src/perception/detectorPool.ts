import '../detector/noTelemetry.js';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Provider } from '../detector/providers.js';
import { asError, ExpectedError } from '../errors.js';
import {
  unpackError,
  type DetectionJob,
  type DetectionJobResult,
  type FromWorker,
  type LoadedModel,
  type ToWorker,
  type WorkerSetup,
} from './protocol.js';

export interface PoolOptions {
  /** Model key (a spectrum, say) → path of its manifest. Every worker loads each manifest once. */
  readonly models: Readonly<Record<string, string>>;
  /**
   * `throughput` (default): a worker for each core with single-threaded sessions. `latency`: one worker whose session uses
   * all cores. `workers` and `threads` override either.
   */
  readonly mode?: 'throughput' | 'latency';
  readonly workers?: number;
  /** Threads of one inference on the CPU. */
  readonly threads?: number;
  /** See LoadOptions; a GPU wants one worker. Default `['cpu']`. */
  readonly providers?: readonly Provider[];
  readonly topK?: number;
  /** Jobs that may wait for a worker; more are refused. Default: two for each worker. */
  readonly maxWaiting?: number;
  /** An error in a worker that belongs to no job; the worker goes on. */
  readonly onStray?: (error: Error) => void;
}

interface Waiting {
  readonly job: DetectionJob;
  readonly since: number;
  readonly resolve: (result: DetectionJobResult) => void;
  readonly reject: (error: Error) => void;
}

interface Host {
  readonly name: string;
  readonly worker: Worker;
  running?: (Waiting & { readonly waitMs: number }) | undefined;
}

/**
 * Worker threads that detect and explain, so that the thread of the caller is never blocked by inference.
 * A job's failure rejects that job; a worker's end rejects its job and leaves the work to the others.
 */
export class DetectorPool {
  readonly #waiting: Waiting[] = [];
  readonly #roomWaiters: (() => void)[] = [];
  #hosts: Host[] = [];
  #closed: Error | undefined;
  /** The models, by key, as the workers loaded them. */
  readonly models: Readonly<Record<string, LoadedModel>>;
  readonly workerCount: number;
  readonly #maxWaiting: number;
  readonly #onStray: (error: Error) => void;

  private constructor(
    models: Readonly<Record<string, LoadedModel>>,
    workerCount: number,
    maxWaiting: number,
    onStray: (error: Error) => void,
  ) {
    this.models = models;
    this.workerCount = workerCount;
    this.#maxWaiting = maxWaiting;
    this.#onStray = onStray;
  }

  /**
   * Starts the workers and waits until every one has loaded and tried every model.
   * @throws ExpectedError `model` or `environment` as EfficientDet.load
   */
  static async open(options: PoolOptions): Promise<DetectorPool> {
    const cores = availableParallelism();
    const latency = options.mode === 'latency';
    const count = options.workers ?? (latency ? 1 : cores);
    const setup: WorkerSetup = {
      models: options.models,
      providers: options.providers ?? ['cpu'],
      threads: options.threads ?? (latency ? cores : 1),
      topK: options.topK ?? 512,
    };
    const started = Array.from({ length: count }, (_, i) => startWorker(`detector worker ${i + 1}`, setup));
    const outcomes = await Promise.allSettled(started);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    const ready = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const [first] = ready;
    if (failure || !first) {
      await Promise.all(ready.map(({ host }) => closeHost(host)));
      throw failure ? (failure.reason as Error) : new RangeError(`a pool of ${count} workers cannot work`);
    }
    const { maxWaiting = 2 * count, onStray = () => undefined } = options;
    const pool = new DetectorPool(first.models, count, maxWaiting, onStray);
    pool.#hosts = ready.map(({ host }) => host);
    for (const host of pool.#hosts) pool.#attend(host);
    return pool;
  }

  /** Whether `detect` would accept a job now. */
  get hasRoom(): boolean {
    return this.#waiting.length < this.#maxWaiting || this.#idleHost() !== undefined;
  }

  /** Resolves when `hasRoom` (or when the pool is closed): the producer's brake. */
  async whenRoom(): Promise<void> {
    while (!this.hasRoom && !this.#closed) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /**
   * Detects and explains in a worker. The buffer behind `job.pixels` is moved to the worker and comes back in the result
   * (only a view of a part of a buffer, or memory shared between threads, is copied).
   * @throws ExpectedError as the worker's, `environment` where the workers ended; Error where the queue is full or closed
   */
  async detect(job: DetectionJob): Promise<DetectionJobResult> {
    if (this.#closed) throw this.#closed;
    if (!this.hasRoom)
      throw new Error(`the detector pool is full: ${this.#waiting.length} jobs wait; ask whenRoom() first`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, since: performance.now(), resolve, reject });
      this.#dispatch();
    });
  }

  /** Refuses what waits, lets what runs finish, and ends the workers. */
  async close(): Promise<void> {
    this.#end(new Error('the detector pool was closed'));
    await Promise.all(this.#hosts.map(closeHost));
  }

  #idleHost(): Host | undefined {
    return this.#hosts.find(({ running }) => !running);
  }

  #dispatch(): void {
    for (let host = this.#idleHost(); host && this.#waiting.length > 0; host = this.#idleHost()) {
      const next = this.#waiting.shift() as Waiting;
      host.running = { ...next, waitMs: performance.now() - next.since };
      const pixels = movable(next.job.pixels);
      const transfer = pixels.buffer instanceof ArrayBuffer ? [pixels.buffer] : [];
      host.worker.postMessage({ kind: 'detect', job: { ...next.job, pixels } } satisfies ToWorker, transfer);
    }
    if (this.hasRoom) for (const wake of this.#roomWaiters.splice(0)) wake();
  }

  #attend(host: Host): void {
    host.worker.on('message', (message: FromWorker) => {
      if (message.kind === 'stray') {
        this.#onStray(unpackError(message.error, host.name));
        return;
      }
      const job = host.running;
      host.running = undefined;
      if (message.kind === 'done')
        job?.resolve({ ...message.result, timings: { ...message.result.timings, waitMs: job.waitMs } });
      else if (message.kind === 'failed') job?.reject(unpackError(message.error, host.name));
      this.#dispatch();
    });
    let cause: unknown;
    host.worker.on('error', (error) => (cause = error));
    host.worker.on('exit', (code) => {
      this.#hosts = this.#hosts.filter((other) => other !== host);
      const error = workerEnded(host.name, code, cause);
      host.running?.reject(error);
      if (this.#hosts.length === 0) this.#end(error);
      else this.#dispatch();
    });
  }

  #end(error: Error): void {
    this.#closed ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closed);
    for (const wake of this.#roomWaiters.splice(0)) wake();
  }
}

/** The pixels in a buffer of their own, as moving a view would take the rest of its buffer along. */
function movable(pixels: Uint8Array): Uint8Array {
  const whole = pixels.byteLength === pixels.buffer.byteLength;
  return whole || pixels.buffer instanceof SharedArrayBuffer ? pixels : Uint8Array.from(pixels);
}

/** Lets a worker free its sessions and end: one that is ended from outside may be inside ONNX Runtime. */
async function closeHost({ worker }: Host): Promise<void> {
  if (worker.threadId === -1) return; // it has ended
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage({ kind: 'close' } satisfies ToWorker);
  await ended;
}

function workerEnded(name: string, code: number, cause: unknown): ExpectedError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new ExpectedError(
    'environment',
    `${name} ended unexpectedly with code ${code}${reason}`,
    'start again; with fewer workers if memory ran out',
    { cause },
  );
}

interface Started {
  readonly host: Host;
  readonly models: Readonly<Record<string, LoadedModel>>;
}

async function startWorker(name: string, setup: WorkerSetup): Promise<Started> {
  const worker = new Worker(new URL('./detectorWorker.js', import.meta.url), { workerData: setup, name });
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const onError = (error: unknown): void => {
      failure ??= asError(error);
    };
    const onExit = (code: number): void => {
      reject(failure ?? workerEnded(name, code, undefined));
    };
    worker.on('error', onError).on('exit', onExit);
    worker.once('message', (message: FromWorker) => {
      if (message.kind !== 'ready') {
        if (message.kind === 'failed') failure = unpackError(message.error, name);
        return;
      }
      worker.off('error', onError).off('exit', onExit);
      resolve({ host: { name, worker }, models: message.models });
    });
  });
}
