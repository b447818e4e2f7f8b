import path from 'node:path';
import { packageRoot } from '../../packageRoot.js';

/** What Fast DDS 2 asks for (Jazzy and before); Fast DDS 3 warns of it. */
const OLD_NAME = 'FASTRTPS_DEFAULT_PROFILES_FILE';
const NEW_NAME = 'FASTDDS_DEFAULT_PROFILES_FILE';

/**
 * Gives this process a segment of shared memory that camera images fit into: with the usual 512 KB most best-effort images above that are
 * lost between processes of one machine, in silence. A profile that the user has chosen stays. Before ROS is loaded.
 */
export function allowLargeMessages(env: NodeJS.ProcessEnv = process.env): void {
  if (env[OLD_NAME] !== undefined || env[NEW_NAME] !== undefined) return;
  const name = env.ROS_DISTRO === 'jazzy' ? OLD_NAME : NEW_NAME;
  env[name] = path.join(packageRoot, 'config', 'fastdds.xml');
}
