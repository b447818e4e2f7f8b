import { EXIT_CODES, ExpectedError, troubleText } from '../errors.js';
import { initRcl, loadRcl } from './loadRcl.js';
import type { Rcl } from './rcl.js';
import { Supervision } from './supervision.js';

/** A node as its process sees it. */
export interface RunningNode {
  /** Serves ROS; returns at once. */
  run(): void;
  /** Ends the threads and leaves the graph. */
  close(): Promise<void>;
}

/** How the process comes to its end. */
export type End = (exitCode: number) => void;

/**
 * Runs a node in this process until a signal, the node itself or its supervisor's death ends it; see supervise.ts.
 * @param name how messages name the node
 */
export async function runNode(
  name: string,
  create: (rcl: Rcl, supervision: Supervision, end: End) => Promise<RunningNode>,
): Promise<void> {
  const supervision = new Supervision(() => stop());
  let closing = false;
  let close: () => Promise<void> = () => Promise.resolve();

  try {
    const rcl = await loadRcl();
    await initRcl(rcl);
    rcl.removeSignalHandlers();
    close = () => Promise.resolve(rcl.shutdown());
    const node = await create(rcl, supervision, (exitCode) => stop(exitCode));
    close = async () => {
      await node.close();
      rcl.shutdown();
    };
    process.on('SIGINT', () => stop());
    process.on('SIGTERM', () => stop());
    node.run();
  } catch (error) {
    explain(error);
    stop(error instanceof ExpectedError ? EXIT_CODES[error.kind] : 1);
  }

  /** Ends the threads, leaves the graph, and ends the process. */
  function stop(exitCode = 0): void {
    if (closing) return;
    closing = true;
    supervision.stop();
    close().then(
      () => supervision.leave(exitCode),
      (error: unknown) => {
        explain(error);
        supervision.leave(exitCode === 0 ? 1 : exitCode);
      },
    );
  }

  function explain(error: unknown): void {
    process.stderr.write(`${name}: ${troubleText(error)}\n`);
  }
}
