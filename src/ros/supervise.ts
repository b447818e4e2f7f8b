import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { type ChildMessage, CRASH_EXIT_CODE, WATCHDOG_EXIT_CODE } from './supervision.js';

/**
 * Starts a node as a child process, watches it, and ends this process as the child did. A thread that hangs in native code cannot be ended
 * from within its process (leaving waits for the thread), and a crash there leaves no words: only another process can end the one, and
 * explain the other. What respawns the node (launch, systemd) sees one process with exit codes of its own.
 * @param name how messages name the node
 * @param script compiled entry point of the child, absolute
 * @param nodeOptions options of Node.js for it
 */
export function supervise(name: string, script: string, nodeOptions: readonly string[] = []): void {
  // A process group of its own: Ctrl-C reaches this process only, which passes it on once.
  const execArgv = [...process.execArgv, ...nodeOptions];
  const child = fork(script, process.argv.slice(2), { stdio: 'inherit', detached: true, execArgv });
  if (child.pid !== undefined) giveSessionPriority(child.pid);
  const say = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);

  let silenceTimer: NodeJS.Timeout | undefined;
  let silenceLimitMs = 0;
  let ending: string | undefined;
  let leavingWith: number | undefined;

  const kill = (why: string): void => {
    if (ending !== undefined) return;
    ending = why;
    clearTimeout(silenceTimer);
    child.kill('SIGKILL');
  };

  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'hung') kill(message.message);
    if (message.kind === 'leaving') leavingWith = message.exitCode;
    if (message.kind === 'watch') silenceLimitMs = message.silenceLimitMs;
    clearTimeout(silenceTimer);
    if (silenceLimitMs > 0 && ending === undefined) {
      silenceTimer = setTimeout(() => kill(`no sign of life for ${silenceLimitMs / 1000} s`), silenceLimitMs);
    }
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.kill(signal));
  }

  child.on('error', (error) => {
    say(`cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (ending !== undefined) {
      say(`${ending}; it was ended by its watchdog and has to be started again`);
      process.exit(WATCHDOG_EXIT_CODE);
    }
    if (signal !== null && leavingWith === undefined) {
      say(`crashed in native code or was killed from outside (${signal}); it has to be started again`);
      process.exit(CRASH_EXIT_CODE);
    }
    process.exit(leavingWith ?? code ?? 1);
  });
}

/**
 * Gives the child's session this process's priority. Where Linux groups processes by session (autogroup), it shares the CPU between
 * sessions first, and nice values count within each only; the child leads a session of its own.
 */
function giveSessionPriority(pid: number): void {
  const nice = os.getPriority();
  if (nice === 0) return;
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // Not Linux, or a kernel without autogroup: nice values count as they are.
  }
}
