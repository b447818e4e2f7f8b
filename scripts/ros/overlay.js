import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { overlayFolder, overlayStamp, packageRoot, rosEnvironment, rosFolder, RosSetupError } from './environment.js';
import { fingerprint, run } from './run.js';

/** Type hashes of the real vision_msgs 4 (REP 2011): equal hashes mean the same fields in the same order on the wire. */
export const VISION_MSGS_HASHES = {
  Detection2DArray: 'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
  LabelInfo: 'RIHS01_3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
  VisionInfo: 'RIHS01_95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284',
};

const visionMsgs = path.join(packageRoot, 'test', 'ros', 'overlay', 'vision_msgs');

/** Our messages (and vision_msgs where the ROS at hand has none), built by colcon; returns whether anything had to be done. */
export async function buildOverlay(log) {
  const sources = ['msg', 'action', 'package.xml', 'CMakeLists.txt'].map((name) => path.join(packageRoot, name));
  const env = withoutOverlay(rosEnvironment());
  const needsVisionMsgs = !hasPackage(env, 'vision_msgs');
  const stamp = fingerprint([...sources, visionMsgs], env.ROS_DISTRO, env.AMENT_PREFIX_PATH);
  if (existsSync(overlayStamp) && readFileSync(overlayStamp, 'utf8') === stamp) return false;

  log(`building the messages${needsVisionMsgs ? ' and vision_msgs' : ''} for ROS 2 ${env.ROS_DISTRO}`);
  rmSync(overlayFolder, { recursive: true, force: true });
  // CMake refuses include folders inside the source tree, and the virtual environment lies in ours: build from a copy beside it.
  const copy = path.join(rosFolder, 'src', 'multispectral_saliency');
  rmSync(copy, { recursive: true, force: true });
  for (const source of sources) cpSync(source, path.join(copy, path.basename(source)), { recursive: true });
  await colconBuild({
    env,
    packages: needsVisionMsgs ? [visionMsgs, copy] : [copy],
    buildFolder: path.join(rosFolder, 'build'),
    installFolder: overlayFolder,
    cmakeOptions: ['-DINTERFACES_ONLY=ON'],
  });
  checkTypeHashes(env);
  writeFileSync(overlayStamp, stamp);
  return true;
}

/**
 * `colcon build` of package folders into one merged install folder.
 *
 * @param {{env: NodeJS.ProcessEnv, packages: string[], buildFolder: string, installFolder: string, cmakeOptions: string[]}} options
 */
export async function colconBuild({ env, packages, buildFolder, installFolder, cmakeOptions }) {
  const python = execFileSync('which', ['python3'], { encoding: 'utf8', env }).trim();
  const hasNinja = spawnable('ninja', env);
  await run(
    'colcon',
    [
      ...['--log-base', path.join(buildFolder, 'log'), 'build', '--merge-install', '--build-base', buildFolder],
      ...[
        '--install-base',
        installFolder,
        '--paths',
        ...packages,
        '--cmake-args',
        ...(hasNinja ? ['-G', 'Ninja'] : []),
      ],
      ...['-DBUILD_TESTING=OFF', `-DPython3_EXECUTABLE=${python}`, ...cmakeOptions],
    ],
    { cwd: packageRoot, env },
  );
}

function checkTypeHashes(env) {
  for (const [message, expected] of Object.entries(VISION_MSGS_HASHES)) {
    const actual = typeHash([overlayFolder, ...env.AMENT_PREFIX_PATH.split(':')], 'vision_msgs', message);
    if (actual !== expected) {
      throw new RosSetupError(
        `vision_msgs/msg/${message} has the type hash ${actual}, version 4 has ${expected}`,
        'install vision_msgs 4 (apt-get install ros-$ROS_DISTRO-vision-msgs)',
      );
    }
  }
}

/** REP 2011 hash of a message as rosidl wrote it into the first prefix that has the message; `undefined` where none has. */
export function typeHash(prefixes, packageName, message) {
  for (const prefix of prefixes) {
    const file = path.join(prefix, 'share', packageName, 'msg', `${message}.json`);
    if (!existsSync(file)) continue;
    const { type_hashes: hashes } = JSON.parse(readFileSync(file, 'utf8'));
    return hashes.find((entry) => entry.type_name === `${packageName}/msg/${message}`)?.hash_string;
  }
  return undefined;
}

function hasPackage(env, name) {
  const index = path.join('share', 'ament_index', 'resource_index', 'packages', name);
  return env.AMENT_PREFIX_PATH.split(':').some((prefix) => existsSync(path.join(prefix, index)));
}

function withoutOverlay(env) {
  const drop = (list) =>
    list
      ?.split(':')
      .filter((folder) => folder !== overlayFolder && !folder.startsWith(overlayFolder + path.sep))
      .join(':');
  const names = ['AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'LD_LIBRARY_PATH', 'PYTHONPATH'];
  return { ...env, ...Object.fromEntries(names.map((name) => [name, drop(env[name]) ?? ''])) };
}

function spawnable(program, env) {
  try {
    execFileSync(program, ['--version'], { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
