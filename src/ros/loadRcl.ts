import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ExpectedError, reasonOf } from '../errors.js';
import { type GivenParameters, takeOverridesAsRclDoes } from './parameterOverrides.js';
import type { Rcl } from './rcl.js';

/**
 * Loads rclnodejs after looking whether it can be loaded: where its addon or the generated messages are missing, its own import would
 * start a build in the middle of the vehicle's start (no upstream issue known).
 * @throws ExpectedError `environment` that says what to run
 */
export async function loadRcl(): Promise<Rcl> {
  if (!process.env.ROS_DISTRO || !process.env.AMENT_PREFIX_PATH) {
    throw new ExpectedError(
      'environment',
      'no ROS 2 in the environment: ROS_DISTRO and AMENT_PREFIX_PATH are not set',
      'source /opt/ros/<distro>/setup.bash and the workspace; on a machine without ROS: eval "$(node scripts/ros.js env)"',
    );
  }
  const folder = path.dirname(createRequire(import.meta.url).resolve('rclnodejs/package.json'));
  const remedy = 'build this package with colcon in the sourced ROS (or, without colcon, run: node scripts/ros.js)';
  const prebuilt = existsSync(path.join(folder, 'build', 'Release', 'rclnodejs.node'));
  if (!prebuilt) throw new ExpectedError('environment', 'rclnodejs is not compiled for this ROS', remedy);
  checkAddonLoads(path.join(folder, 'build', 'Release', 'rclnodejs.node'), remedy);
  const ours = path.join(folder, 'generated', 'multispectral_saliency');
  if (!existsSync(path.join(ours, 'multispectral_saliency__msg__ExplainedDetections.js'))) {
    throw new ExpectedError('environment', 'the JavaScript of the ROS messages was not generated', remedy);
  }
  const module = (await import('rclnodejs')) as unknown as { default: Rcl };
  takeOverridesAsRclDoes(module.default, loadedAddon());
  return module.default;
}

/**
 * Joins the ROS graph with this process's command line.
 * @throws ExpectedError `usage` where rcl does not understand its ROS arguments, or cannot read a file that they name
 */
export async function initRcl(rcl: Rcl): Promise<void> {
  try {
    await rcl.init();
  } catch (cause) {
    const words = reasonOf(cause);
    if (!/argument|params? file|YAML/i.test(words)) throw cause;
    throw new ExpectedError(
      'usage',
      `the ROS arguments cannot be used: ${words
        .replace(/, at \S+:\d+/g, '')
        .replace(/\s+/g, ' ')
        .trim()}`,
      'look at what follows --ros-args (also where a launch file gives it), and at the parameter files named there',
      { cause },
    );
  }
}

/** The addon that rclnodejs has loaded: its own build, or one that it brings for this system; the later, where there are both. */
function loadedAddon(): { getParameterOverrides(context: unknown): readonly GivenParameters[] | undefined } {
  const { cache } = createRequire(import.meta.url);
  const file = Object.keys(cache).findLast((name) => /rclnodejs.*\.node$/.test(name));
  if (file === undefined) throw new Error('unreachable: rclnodejs has loaded its addon');
  return cache[file]?.exports as ReturnType<typeof loadedAddon>;
}

function checkAddonLoads(addon: string, remedy: string): void {
  try {
    createRequire(import.meta.url)(addon);
  } catch (cause) {
    const why = reasonOf(cause);
    throw new ExpectedError('environment', `rclnodejs's addon does not load: ${why}`, remedy, { cause });
  }
}
