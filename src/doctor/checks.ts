import '../detector/noTelemetry.js';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { readModelFiles } from '../detector/manifest.js';
import { checkProviders } from '../detector/providerChoice.js';
import { compiledProviders } from '../detector/providers.js';
import { ExpectedError, reasonOf } from '../errors.js';
import { opencvVersion } from '../images/opencv.js';
import { packageRoot } from '../packageRoot.js';
import { installedVersion, versions } from '../versions.js';

/** `missing` is something optional that is not there; only `broken` makes the doctor fail. */
export type CheckStatus = 'ok' | 'missing' | 'broken';

/** One line of the doctor's report. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** What to do about it, where there is something to do. */
  readonly remedy?: string;
}

const MINIMUM_NODE = [20, 19] as const;

/** Node, cores and this package. */
export function checkRuntime(): Check[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  return [
    { name: 'multispectral-saliency', status: 'ok', detail: versions()['multispectral-saliency'] ?? '' },
    {
      name: 'Node.js',
      status: recent ? 'ok' : 'broken',
      detail: `${process.versions.node}, ${String(availableParallelism())} cores`,
      ...(recent ? {} : { remedy: `install Node.js ${MINIMUM_NODE.join('.')} or later` }),
    },
  ];
}

/** The OpenCV binding: loads it. Only one thread of a process may do so. */
export function checkOpenCv(): Check {
  try {
    const binding = installedVersion('@u4/opencv4nodejs') ?? 'unknown version';
    return { name: 'OpenCV', status: 'ok', detail: `${opencvVersion()} (binding ${binding})` };
  } catch (error) {
    return { name: 'OpenCV', ...broken(error, 'run `npm run setup`') };
  }
}

/** Every model of a folder: manifest valid, file there, hash right. */
export async function checkModels(folder: string): Promise<Check[]> {
  const manifests = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
  if (manifests.length === 0)
    return [
      { name: 'models', status: 'missing', detail: `no manifest in ${folder}`, remedy: 'name a model with --model' },
    ];
  return Promise.all(
    manifests.map(async (name): Promise<Check> => {
      try {
        const { manifest, bytes } = await readModelFiles(path.join(folder, name));
        const kind = manifest.family === 'efficientdet' ? `EfficientDet ${manifest.size}` : manifest.family;
        const detail = `${kind}, ${manifest.spectra.join(' + ')}, ${String(manifest.classes.length)} classes, ${(bytes.byteLength / 1e6).toFixed(1)} MB, sha256 ${manifest.sha256.slice(0, 12)}…`;
        return { name: `model ${manifest.name}`, status: 'ok', detail };
      } catch (error) {
        return { name: `model ${name}`, ...broken(error, 'restore the file from the repository') };
      }
    }),
  );
}

/** Runs the model on every execution provider of this build and compares each with the CPU on a fixed picture. */
export async function checkExecution(manifestPath: string): Promise<Check[]> {
  const runtime = installedVersion('onnxruntime-node') ?? 'unknown version';
  const compiled = compiledProviders();
  const head: Check = { name: 'ONNX Runtime', status: 'ok', detail: `${runtime}, built with ${compiled.join(', ')}` };
  try {
    const attempts = await checkProviders(manifestPath, compiled);
    return [
      head,
      ...attempts.map(({ provider, outcome, detail }): Check => {
        const name = `provider ${provider}`;
        if (outcome === 'used') return { name, status: 'ok', detail };
        if (outcome === 'unavailable') return { name, status: 'missing', detail };
        return { name, status: 'broken', detail, remedy: `do not list ${provider} in execution.providers` };
      }),
    ];
  } catch (error) {
    return [head, { name: 'self-check', ...broken(error, 'see `msal info` for the model') }];
  }
}

/** ROS 2: sourced or fetched, and whether rclnodejs can be loaded in it. Optional: all but the nodes works without. */
export async function checkRos(): Promise<Check[]> {
  const { isRosSourced, rosEnvironment, WHEELS_DISTRO } = (await import(
    path.join(packageRoot, 'scripts/ros/environment.js')
  )) as RosEnvironmentModule;
  const fetched = existsSync(path.join(packageRoot, '.ros', 'venv'));
  const remedy = 'source your ROS 2 (`source /opt/ros/<distro>/setup.bash`), or run `npm run setup` to fetch one';
  if (!isRosSourced() && !fetched)
    return [
      { name: 'ROS 2', status: 'missing', detail: 'neither sourced nor fetched; only the ROS nodes need it', remedy },
    ];
  const environment = rosEnvironment();
  const distro = environment.ROS_DISTRO ?? WHEELS_DISTRO;
  const ros: Check = {
    name: 'ROS 2',
    status: 'ok',
    detail: `${distro}, ${isRosSourced() ? 'sourced' : 'fetched into .ros/'}`,
  };
  const version = installedVersion('rclnodejs') ?? 'not installed';
  const addon = path.join(packageRoot, 'node_modules/rclnodejs/build/Release/rclnodejs.node');
  if (!existsSync(addon))
    return [
      ros,
      { name: 'rclnodejs', status: 'missing', detail: `${version}, not compiled`, remedy: 'run `npm run setup`' },
    ];
  try {
    // In a process of its own: the dynamic linker reads the ROS environment when a process starts.
    await promisify(execFile)(process.execPath, ['-e', `require(${JSON.stringify(addon)})`], { env: environment });
    return [ros, { name: 'rclnodejs', status: 'ok', detail: version }];
  } catch (error) {
    return [ros, { name: 'rclnodejs', ...broken(error, 'run `npm run setup` with this ROS sourced') }];
  }
}

interface RosEnvironmentModule {
  readonly isRosSourced: () => boolean;
  readonly rosEnvironment: () => NodeJS.ProcessEnv;
  readonly WHEELS_DISTRO: string;
}

function broken(error: unknown, remedy: string): Pick<Check, 'status' | 'detail'> & { remedy: string } {
  const detail = reasonOf(error).split('\n')[0] ?? '';
  return { status: 'broken', detail, remedy: error instanceof ExpectedError ? error.remedy : remedy };
}
