import { EXIT_CODES, ExpectedError } from '../errors.js';
import { PerceptionNode } from './perceptionNode.js';
import { loadRcl } from './rcl.js';
import { Supervision } from './supervision.js';

/** The node's own process; `supervisor.ts` starts it and watches it. */
const supervision = new Supervision(() => stop());
let closing = false;
let close: () => Promise<void> = () => Promise.resolve();

try {
  const rcl = await loadRcl();
  await rcl.init();
  rcl.removeSignalHandlers();
  close = () => Promise.resolve(rcl.shutdown());
  const node = await PerceptionNode.create(rcl, supervision, (exitCode) => stop(exitCode));
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
  const text =
    error instanceof ExpectedError
      ? `${error.message}\n  what to do: ${error.remedy}`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`perception_node: ${text}\n`);
}
