import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { runLogged, SetupError, step } from './step.js';

/**
 * Makes sure of Debian packages: installs them where this process may (root on a system with apt), otherwise says the exact
 * command and stops.
 *
 * @param {string} name of the step
 * @param {string[]} packages
 * @param {() => boolean} present whether what they bring is there, from whatever source
 */
export async function systemPackages(name, packages, present) {
  if (present()) return;
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) {
    throw new SetupError(
      `${name}: system packages are missing`,
      existsSync('/usr/bin/apt-get')
        ? `sudo apt-get update && sudo apt-get ${install.join(' ')}`
        : `install what these Debian packages hold: ${packages.join(' ')}`,
    );
  }
  await step(`${name}-packages`, { texts: packages, present }, async (log) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    // Another installation (a machine's own updates, say) may hold dpkg's lock: wait for it rather than fail.
    const options = ['-q', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3'];
    await runLogged('apt-get', [...options, 'update'], log, { env });
    await runLogged('apt-get', [...options, ...install], log, { env });
    if (!present()) throw new SetupError(`${name}: installed, but still not complete`, `read ${log}`);
  });
}

/** Whether a program is on the PATH. */
export function hasProgram(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(`${folder}/${program}`));
}

/** Whether a Python can make virtual environments and has the headers of extensions. */
export function pythonCanBuild(python) {
  try {
    const code =
      'import ensurepip, venv, sysconfig, os; assert os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h"))';
    execFileSync(python, ['-c', code], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
