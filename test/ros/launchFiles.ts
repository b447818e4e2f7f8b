import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { startPeerIn } from './ros.js';

/** What a launch file starts, includes or declares; substitutions are texts such as `$(var bag)`. */
export interface LaunchEntity {
  readonly kind: string;
  readonly args: readonly unknown[];
  readonly keywords: Readonly<Record<string, unknown>>;
}

export interface LaunchDescription {
  /** Whether the launch packages of a full ROS described it; entities are then not listed. */
  readonly real: boolean;
  readonly arguments?: readonly string[];
  readonly entities?: readonly LaunchEntity[];
  /** Names of the launch configurations that are used. */
  readonly used?: readonly string[];
}

/**
 * @param file name in `launch/`
 * @param given launch arguments
 */
export async function describeLaunch(
  file: string,
  given: Readonly<Record<string, string>> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<LaunchDescription> {
  const peer = startPeerIn<LaunchDescription>(
    env,
    'describe_launch.py',
    path.join(packageRoot, 'launch', file),
    ...Object.entries(given).map(([name, value]) => `${name}:=${value}`),
  );
  try {
    return await peer.report(() => true);
  } finally {
    await peer.stop();
  }
}
