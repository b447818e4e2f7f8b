import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/packageRoot.js';

const run = promisify(execFile);

/**
 * Runs a script of this folder with the Python that has the packages of `test/requirements.txt`, and parses the JSON
 * that it prints.
 */
export async function runPython(script: string, ...args: string[]): Promise<unknown> {
  const python = process.env['MSAL_TEST_PYTHON'];
  if (python === undefined || python === '') {
    throw new Error(
      'MSAL_TEST_PYTHON is not set: it must name a Python with the packages of test/requirements.txt (`npm test` sees to that)',
    );
  }
  const file = path.join(packageRoot, 'test', 'bag', script);
  const { stdout } = await run(python, [file, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout);
}
