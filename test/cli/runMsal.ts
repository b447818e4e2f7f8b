import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';

export interface MsalRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the command line in a process of its own, as a user would: OpenCV serves only one thread of a process.
 * @param whileRunning called with the child once it has started
 * @param fileBlocks the largest file that the process may write, in blocks of 1024 bytes: what a full disk does to it
 */
export function runMsal(
  args: readonly string[],
  options: { cwd?: string; whileRunning?: (child: ChildProcess) => void; fileBlocks?: number } = {},
): Promise<MsalRun> {
  const limit = `ulimit -f ${options.fileBlocks === undefined ? 'unlimited' : String(options.fileBlocks)}`;
  const program = [process.execPath, path.join(packageRoot, 'bin/msal.js'), ...args];
  const child = spawn('bash', ['-c', `${limit} && exec "$@"`, 'bash', ...program], {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  options.whileRunning?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
