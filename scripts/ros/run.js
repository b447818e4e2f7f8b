import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Runs a program to its end; its output is shown only when it fails (the last 60 lines).
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv}} [options]
 * @returns {Promise<string>} its standard output
 */
export async function run(program, args, options = {}) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const everything = [];
  const output = [];
  child.stdout.on('data', (chunk) => (everything.push(chunk), output.push(chunk)));
  child.stderr.on('data', (chunk) => everything.push(chunk));
  const status = await new Promise((resolve, reject) =>
    child.once('error', reject).once('close', (code, signal) => resolve(code ?? signal)),
  );
  if (status !== 0) {
    const tail = Buffer.concat(everything).toString().trimEnd().split('\n').slice(-60).join('\n');
    throw new Error(`${program} ${args.join(' ')}\nended with ${status}:\n${tail}`);
  }
  return Buffer.concat(output).toString();
}

/** SHA-256 over names and contents of files and folders (in order of name) and over further texts: what a step was made from. */
export function fingerprint(paths, ...texts) {
  const hash = createHash('sha256');
  const visit = (file) => {
    if (statSync(file).isDirectory()) {
      for (const name of readdirSync(file).sort()) visit(path.join(file, name));
    } else {
      hash.update(path.basename(file)).update('\0').update(readFileSync(file)).update('\0');
    }
  };
  paths.forEach(visit);
  texts.forEach((text) => hash.update(String(text)).update('\0'));
  return hash.digest('hex');
}
