import type { InferenceSession } from 'onnxruntime-node';
import type { ProviderAttempt } from './providerCheck.js';
import { reasonOf } from '../errors.js';

/** What a detector asks of ONNX Runtime's session. */
export interface RunnableSession {
  run(feeds: InferenceSession.FeedsType): Promise<InferenceSession.OnnxValueMapType>;
  release(): Promise<void>;
}

/** Sessions whose provider failed. They are never freed: that would call the driver that has just failed. */
const abandoned: RunnableSession[] = [];

/**
 * A session that goes on with the CPU when its execution provider fails while it runs, as when a GPU is lost. What fails on the CPU as
 * well is no fault of the provider, which then stays in use. There is no way back: a provider that has failed once is tried again when the
 * process starts again.
 */
export class EnduringSession implements RunnableSession {
  #session: RunnableSession;
  #attempts: readonly ProviderAttempt[];
  readonly openCpu: () => Promise<RunnableSession>;

  /**
   * @param attempts what was tried at load; the last one is in use
   * @param openCpu the same graph on the CPU
   */
  constructor(session: RunnableSession, attempts: readonly ProviderAttempt[], openCpu: () => Promise<RunnableSession>) {
    this.openCpu = openCpu;
    this.#session = session;
    this.#attempts = attempts;
  }

  /** What was tried, in order; the last one is in use. */
  get attempts(): readonly ProviderAttempt[] {
    return this.#attempts;
  }

  async run(feeds: InferenceSession.FeedsType): Promise<InferenceSession.OnnxValueMapType> {
    try {
      return await this.#session.run(feeds);
    } catch (cause) {
      const used = this.#attempts.at(-1);
      if (used === undefined || used.provider === 'cpu') throw cause;
      return this.#onCpu(feeds, used, cause);
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  async #onCpu(
    feeds: InferenceSession.FeedsType,
    used: ProviderAttempt,
    cause: unknown,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const cpu = await this.openCpu();
    let outputs: InferenceSession.OnnxValueMapType;
    try {
      outputs = await cpu.run(feeds);
    } catch (error) {
      await cpu.release();
      throw error;
    }
    abandoned.push(this.#session);
    this.#session = cpu;
    const detail = reasonOf(cause);
    this.#attempts = [
      ...this.#attempts.slice(0, -1),
      { ...used, outcome: 'lost', detail },
      { provider: 'cpu', outcome: 'used', detail: `since ${used.provider} was lost` },
    ];
    return outputs;
  }
}
