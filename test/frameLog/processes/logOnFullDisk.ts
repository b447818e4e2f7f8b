import { logFrames } from '../frameLogs.js';
import { FrameLog } from '../../../src/frameLog/frameLog.js';

/** Logs a frame set into a folder, and prints the log's counts. Files may not grow beyond a limit that the caller has set. */
process.on('SIGXFSZ', () => undefined);
const [folder = ''] = process.argv.slice(2);
let log: FrameLog | undefined;
await logFrames(folder, [0], { onLog: (opened) => (log = opened), onError: () => undefined });
process.stdout.write(JSON.stringify(log?.counts));
