import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';

/** What a launch file says of a node. */
export interface LaunchedNode {
  readonly name: string;
  /** Empty: the root. */
  readonly namespace: string;
  /** Parameter files, in order. */
  readonly files: readonly string[];
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The arguments with which launch_ros 0.28 starts an executable: `arguments` of the launch file first, then name, namespace and parameter
 * files; single parameters go into a temporary file, below the fully qualified name.
 * @param folder for that file
 */
export function launchArguments(node: LaunchedNode, folder: string, ownArguments: readonly string[]): string[] {
  const { name, namespace, files, parameters } = node;
  const temporary = path.join(folder, `launch_params_${name}${namespace.replaceAll('/', '_')}.yaml`);
  writeFileSync(temporary, stringify({ [`${namespace}/${name}`]: { ros__parameters: parameters } }));
  return [
    ...ownArguments,
    ...['--ros-args', '-r', `__node:=${name}`],
    ...(namespace === '' ? [] : ['-r', `__ns:=${namespace}`]),
    ...[...files, temporary].flatMap((file) => ['--params-file', file]),
  ];
}
