import { fork } from 'node:child_process';
import { NATIVE_MEMORY } from '../detector/nativeMemory.js';
import { giveSessionPriority, starvedMilliseconds } from './processPriority.js';
import { type ChildMessage, CRASH_EXIT_CODE, END_MS, WATCHDOG_EXIT_CODE } from './supervision.js';

/** Signals that come within this time are one, milliseconds. */
const SAME_SIGNAL_MS = 1000;

/**
 * Starts a node as a child process, watches it, and ends this process as the child did. A thread that hangs in native code cannot be ended
 * from within its process (leaving waits for the thread), and a crash there leaves no words: only another process can end the one, and
 * explain the other. What respawns the node (launch, systemd) sees one process with exit codes of its own.
 * @param name how messages name the node
 * @param script compiled entry point of the child, absolute
 * @param nodeOptions options of Node.js for it
 * @param endMs how long it may take to end once it is asked to
 */
export function supervise(name: string, script: string, nodeOptions: readonly string[] = [], endMs = END_MS): void {
  const say = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
  const execArgv = [...process.execArgv, ...nodeOptions];
  // A process group of its own: Ctrl-C reaches this process only, which passes it on once.
  const env = { ...NATIVE_MEMORY, ...process.env };
  const child = fork(script, process.argv.slice(2), { stdio: 'inherit', detached: true, execArgv, env });
  if (child.pid !== undefined) giveSessionPriority(child.pid);

  let silenceTimer: NodeJS.Timeout | undefined;
  let silenceLimitMs = 0;
  let ending: string | undefined;
  let leavingWith: number | undefined;
  let signalledMs: number | undefined;

  const kill = (why: string): void => {
    if (ending !== undefined) return;
    ending = why;
    clearTimeout(silenceTimer);
    child.kill('SIGKILL');
  };

  /** Silence is no hang where the node could not run for most of it, at the lowest priority on a machine that is busy. */
  const listen = (): void => {
    const { pid = 0 } = child;
    const starvedBefore = starvedMilliseconds(pid);
    const timer = setTimeout(() => {
      if (starvedMilliseconds(pid) - starvedBefore > silenceLimitMs / 2) listen();
      // What has arrived while this process itself could not run comes first.
      else setImmediate(() => silenceTimer === timer && kill(`no sign of life for ${silenceLimitMs / 1000} s`));
    }, silenceLimitMs);
    silenceTimer = timer;
  };

  let endTimer: NodeJS.Timeout | undefined;
  const endInTime = (): void => {
    endTimer ??= setTimeout(() => kill(`not ended after ${endMs / 1000} s`), endMs);
  };

  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'ending') {
      silenceLimitMs = 0;
      endInTime();
    }
    if (message.kind === 'hung') kill(message.message);
    if (message.kind === 'leaving') leavingWith = message.exitCode;
    if (message.kind === 'watch') silenceLimitMs = message.silenceLimitMs;
    clearTimeout(silenceTimer);
    silenceTimer = undefined;
    if (silenceLimitMs > 0 && ending === undefined) listen();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const nowMs = performance.now();
      signalledMs ??= nowMs;
      // A terminal and the launch system may both pass on one Ctrl-C.
      if (nowMs - signalledMs > SAME_SIGNAL_MS) kill('asked to end a second time');
      else child.kill(signal);
      endInTime();
    });
  }

  child.on('error', (error) => {
    say(`cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (ending !== undefined) {
      const next = signalledMs === undefined ? ' and has to be started again' : '';
      say(`${ending}; it was ended by its watchdog${next}`);
      process.exit(WATCHDOG_EXIT_CODE);
    }
    if (signal !== null && leavingWith === undefined) {
      say(`crashed in native code or was killed from outside (${signal}); it has to be started again`);
      process.exit(CRASH_EXIT_CODE);
    }
    process.exit(leavingWith ?? code ?? 1);
  });
}
