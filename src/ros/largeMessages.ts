import path from 'node:path';
import { packageRoot } from '../packageRoot.js';

/** What Fast DDS 2 asks for (Jazzy and before); Fast DDS 3 warns of it. */
const OLD_NAME = 'FASTRTPS_DEFAULT_PROFILES_FILE';
const NEW_NAME = 'FASTDDS_DEFAULT_PROFILES_FILE';

/** Chooses the transports by other means. */
const TRANSPORTS = 'FASTDDS_BUILTIN_TRANSPORTS';

/**
 * Gives this process, and those that it starts, a segment of shared memory that camera images fit into. With the usual 512 KB most best-effort
 * images above that are lost between processes of one machine, in silence; and where one process sends such pictures and other messages, the
 * pictures crowd the others out: a listener of raw overlays held up everybody's detections by up to a second. What the user has chosen stays.
 * Before ROS is loaded.
 */
export function allowLargeMessages(env: NodeJS.ProcessEnv = process.env): void {
  if ([OLD_NAME, NEW_NAME, TRANSPORTS].some((name) => env[name] !== undefined)) return;
  const name = env.ROS_DISTRO === 'jazzy' ? OLD_NAME : NEW_NAME;
  env[name] = path.join(packageRoot, 'config', 'fastdds.xml');
}
