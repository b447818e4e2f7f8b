import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './packageRoot.js';

/** Version of a package that is installed here, from its package.json; `undefined` where it is not there. */
export function installedVersion(packageName: string): string | undefined {
  return versionIn(path.join(packageRoot, 'node_modules', packageName));
}

/** Versions of what made a result: this package, Node, ONNX Runtime and the OpenCV binding. */
export function versions(): Record<string, string> {
  return {
    'multispectral-saliency': versionIn(packageRoot) ?? 'unknown',
    node: process.versions.node,
    'onnxruntime-node': installedVersion('onnxruntime-node') ?? 'unknown',
    '@u4/opencv4nodejs': installedVersion('@u4/opencv4nodejs') ?? 'unknown',
  };
}

function versionIn(folder: string): string | undefined {
  const file = path.join(folder, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}
