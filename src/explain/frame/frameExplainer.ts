import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ExpectedError } from '../../errors.js';
import { unpackError } from '../../workers/sentError.js';
import type {
  ExplainedFrame,
  FrameExplainerAnswer,
  FrameExplainerRequest,
  FrameExplainerSetup,
} from './frameExplainerProtocol.js';
import type { FrameToExplain } from './prepareFrame.js';

export interface ExplainFrameHooks {
  /** Ends the process: an explanation under way is given up. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (passes: number, plannedPasses: number) => void;
}

/**
 * Explains images in a process of its own, for programs that have a vision thread already: OpenCV serves one thread of a process.
 */
export class FrameExplainer {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @throws nothing yet: what does not work shows with the first image */
  static start(setup: FrameExplainerSetup): FrameExplainer {
    const script = fileURLToPath(new URL('./frameExplainerProcess.js', import.meta.url));
    // OpenCV's loader prints to standard output.
    const child = fork(script, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const explainer = new FrameExplainer(child);
    explainer.#send({ kind: 'start', setup });
    return explainer;
  }

  /**
   * Explains the best boxes of one image and writes maps, overlays and `explanation.json` into a folder; one image at a time.
   * @throws ExpectedError as `prepareFrame` and `Explainer.explain`, `output`, or `environment` where the process has ended; the
   *   signal's reason
   */
  async explain(
    source: FrameToExplain,
    folder: string,
    { signal, onProgress }: ExplainFrameHooks = {},
  ): Promise<ExplainedFrame> {
    signal?.throwIfAborted();
    const child = this.#child;
    let [onMessage, onEnd, onAbort] = [(_: unknown): void => undefined, (): void => undefined, (): void => undefined];
    try {
      return await new Promise<ExplainedFrame>((resolve, reject) => {
        onMessage = (message) => {
          const answer = message as FrameExplainerAnswer; // both ends are built together
          if (answer.kind === 'progress') onProgress?.(answer.passes, answer.plannedPasses);
          else if (answer.kind === 'explained') resolve(answer);
          else reject(unpackError(answer.error, 'explaining process'));
        };
        onEnd = () =>
          reject(
            new ExpectedError(
              'environment',
              `the process that explains ended unexpectedly (${child.signalCode ?? `exit code ${child.exitCode ?? '?'}`})`,
              'try again with less memory in use elsewhere; if it happens with the same images, report them',
            ),
          );
        onAbort = () => {
          reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
          child.kill('SIGKILL');
        };
        child.on('message', onMessage).once('exit', onEnd);
        signal?.addEventListener('abort', onAbort, { once: true });
        if (child.connected) this.#send({ kind: 'explain', source, folder });
        else onEnd();
      });
    } finally {
      child.off('message', onMessage).off('exit', onEnd);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process; harmless where it has ended. */
  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #send(request: FrameExplainerRequest): void {
    this.#child.send(request);
  }
}
