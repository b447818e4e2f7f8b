import { existsSync } from 'node:fs';
import path from 'node:path';
import { OPENCV_PACKAGES, openCvFolders } from '../setup/opencv.js';
import { checkNode } from '../setup/packages.js';
import { SetupError } from '../setup/step.js';
import { hasProgram } from '../setup/systemPackages.js';

/** The Debian package of each program that compiling needs. */
const PROGRAMS = { 'g++': 'g++', make: 'make', python3: 'python3', npm: 'npm' };

/**
 * Stops with the command that installs what is missing. Nothing of the system is changed: that is for whoever owns it.
 *
 * @param {{fetches: boolean, forRos: boolean}} plan
 */
export function checkPrerequisites({ fetches, forRos }) {
  checkNode();
  const wanted = Object.keys(PROGRAMS).filter((program) => program !== 'npm' || fetches);
  const missing = wanted.filter((program) => !hasProgram(program)).map((program) => PROGRAMS[program]);
  if (!openCvFolders()) missing.push(...OPENCV_PACKAGES);
  if (missing.length > 0)
    throw new SetupError(
      `missing on this system: ${missing.join(' ')}`,
      `sudo apt-get install --no-install-recommends ${missing.join(' ')}   (or, in the workspace: rosdep install --from-paths src --ignore-src)`,
    );
  if (!forRos) return;
  if (!process.env.AMENT_PREFIX_PATH)
    throw new SetupError('no ROS 2 in the environment', 'source /opt/ros/<distro>/setup.bash, then build again');
  checkMessages();
}

/** @throws SetupError where a package of messages that the nodes need is not installed */
function checkMessages() {
  const needed = ['vision_msgs', 'diagnostic_msgs', 'lifecycle_msgs', 'std_srvs', 'rosgraph_msgs'];
  const prefixes = process.env.AMENT_PREFIX_PATH.split(':');
  const index = 'share/ament_index/resource_index/packages';
  const missing = needed.filter((name) => !prefixes.some((prefix) => existsSync(path.join(prefix, index, name))));
  if (missing.length === 0) return;
  const debian = missing.map((name) => `ros-${process.env.ROS_DISTRO}-${name.replaceAll('_', '-')}`).join(' ');
  throw new SetupError(`missing in this ROS 2: ${missing.join(', ')}`, `sudo apt-get install ${debian}`);
}
