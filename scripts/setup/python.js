import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, runLogged, step } from './step.js';
import { pythonCanBuild, systemPackages } from './systemPackages.js';

/** The system's Python: unlike many others it has a shared library, which the ROS 2 wheels need. */
export const SYSTEM_PYTHON = '/usr/bin/python3';

/** A Python that can make virtual environments and has headers. */
export async function setUpPython() {
  await systemPackages('python', ['python3', 'python3-venv', 'python3-dev', 'cmake', 'ninja-build'], () =>
    pythonCanBuild(SYSTEM_PYTHON),
  );
}

/**
 * A virtual environment with exactly the pinned packages of a requirements file.
 *
 * @param {string} name of the step
 * @param {string} folder relative to the package
 * @param {string} requirements relative to the package
 * @returns {Promise<string>} its interpreter
 */
export async function virtualEnvironment(name, folder, requirements) {
  const absolute = path.join(packageRoot, folder);
  const python = path.join(absolute, 'bin/python');
  await step(name, { files: [requirements], present: () => existsSync(python) }, async (log) => {
    rmSync(absolute, { recursive: true, force: true });
    await runLogged(SYSTEM_PYTHON, ['-m', 'venv', absolute], log);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    await runLogged(python, install, log);
  });
  return python;
}
