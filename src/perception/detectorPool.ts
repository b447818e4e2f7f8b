import '../detector/noTelemetry.js';
import { availableParallelism } from 'node:os';
import type { Provider } from '../detector/providers.js';
import { ExpectedError } from '../errors.js';
import { ask } from '../workers/ask.js';
import { closeCrew, loadCrew } from '../workers/crew.js';
import { WorkerClient } from '../workers/workerClient.js';
import type {
  DetectionJob,
  DetectionJobResult,
  DetectorAnswer,
  DetectorRequest,
  LoadedModel,
  WorkerSetup,
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
  readonly reject: (error: unknown) => void;
}

type Client = WorkerClient<DetectorRequest, DetectorAnswer>;

/**
 * Worker threads that detect and explain, so that the thread of the caller is never blocked by inference.
 * A job's failure rejects that job; a worker's end rejects its job and leaves the work to the others.
 */
export class DetectorPool {
  readonly #waiting: Waiting[] = [];
  readonly #roomWaiters: (() => void)[] = [];
  readonly #clients: readonly Client[];
  #closed: Error | undefined;
  /** The models, by key, as the workers loaded them. */
  readonly models: Readonly<Record<string, LoadedModel>>;
  readonly workerCount: number;
  readonly #maxWaiting: number;

  private constructor(
    models: Readonly<Record<string, LoadedModel>>,
    clients: readonly Client[],
    maxWaiting = 2 * clients.length,
  ) {
    this.models = models;
    this.workerCount = clients.length;
    this.#clients = clients;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Starts the workers and waits until every one has loaded and tried every model.
   * @throws ExpectedError `model` or `environment` as EfficientDet.load
   */
  static async open(options: PoolOptions): Promise<DetectorPool> {
    const cores = availableParallelism();
    const latency = options.mode === 'latency';
    const count = options.workers ?? (latency ? 1 : cores);
    if (!(count >= 1)) throw new RangeError(`a pool of ${count} workers cannot work`);
    const setup: WorkerSetup = {
      models: options.models,
      providers: options.providers ?? ['cpu'],
      threads: options.threads ?? (latency ? cores : 1),
      topK: options.topK ?? 512,
    };
    const opened: { pool?: DetectorPool } = {};
    const clients = Array.from({ length: count }, (_, i): Client => {
      const name = `detector worker ${i + 1}`;
      return new WorkerClient(new URL('./detectorWorker.js', import.meta.url), {
        name,
        workerData: setup,
        endError: (code, cause) => workerEnded(name, code, cause),
        onDeath: (error) => {
          if (opened.pool) opened.pool.#lost(error);
        },
        ...(options.onStray ? { onStray: options.onStray } : {}),
      });
    });
    const [first] = await loadCrew(clients, (client) => ask(client, { kind: 'load' }, 'loaded'));
    return (opened.pool = new DetectorPool(first.models, clients, options.maxWaiting));
  }

  /** Whether `detect` would accept a job now. */
  get hasRoom(): boolean {
    return this.#waiting.length < this.#maxWaiting || this.#idle() !== undefined;
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
    await closeCrew(this.#clients);
  }

  #idle(): Client | undefined {
    return this.#clients.find(({ ended, inFlight }) => ended === undefined && inFlight === 0);
  }

  #dispatch(): void {
    for (let client = this.#idle(); client && this.#waiting.length > 0; client = this.#idle())
      void this.#run(client, this.#waiting.shift() as Waiting);
    if (this.hasRoom) for (const wake of this.#roomWaiters.splice(0)) wake();
  }

  /** Settles the job, whatever happens. */
  async #run(client: Client, { job, since, resolve, reject }: Waiting): Promise<void> {
    const waitMs = performance.now() - since;
    const pixels = movable(job.pixels);
    const transfer = pixels.buffer instanceof ArrayBuffer ? [pixels.buffer] : [];
    try {
      const { result } = await ask(client, { kind: 'detect', job: { ...job, pixels } }, 'detected', transfer);
      resolve({ ...result, timings: { ...result.timings, waitMs } });
    } catch (error) {
      reject(error);
    }
    this.#dispatch();
  }

  #lost(error: ExpectedError): void {
    if (this.#clients.every(({ ended }) => ended !== undefined)) this.#end(error);
    else this.#dispatch();
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

function workerEnded(name: string, code: number, cause: unknown): ExpectedError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new ExpectedError(
    'environment',
    `${name} ended unexpectedly with code ${code}${reason}`,
    'start again; with fewer workers if memory ran out',
    { cause },
  );
}
