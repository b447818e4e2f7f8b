import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withNativeCache } from './nativeCache.js';
import { cacheFolder, packageRoot, runLogged, SetupError, step } from './step.js';
import { hasProgram, systemPackages } from './systemPackages.js';

/** What src/images needs, and what those need. HIGHGUI and VIDEOIO have to be named for imencode and imdecode to be built in. */
const MODULES = ['CORE', 'IMGPROC', 'IMGCODECS', 'HIGHGUI', 'VIDEOIO', 'CALIB3D', 'FEATURES2D'];
const LIBRARIES = ['core', 'imgproc', 'imgcodecs', 'highgui', 'videoio', 'calib3d', 'features2d', 'dnn'];
/** Debian packages with the headers and libraries of OpenCV. */
export const OPENCV_PACKAGES = LIBRARIES.map((module) => `libopencv-${module}-dev`);
const HEADERS = '/usr/include/opencv4';
const LIBRARY_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
const CXXFLAGS = '-O1 -g0 -w';

/** OpenCV from the system and its Node binding, compiled for the modules that are used. */
export async function setUpOpenCv() {
  await systemPackages('opencv', ['g++', 'make', 'python3', ...OPENCV_PACKAGES], () =>
    Boolean(openCvFolders() && hasProgram('g++') && hasProgram('make')),
  );
  const binding = path.join(packageRoot, 'node_modules/@u4/opencv4nodejs');
  await step(
    'opencv-binding',
    { files: ['scripts/setup/opencv.js', 'package-lock.json'], present: () => loads(addonOf(binding)) },
    (log) => bindOpenCv(path.join(packageRoot, 'node_modules'), cacheFolder, log),
  );
}

/** Where OpenCV's headers and libraries lie; `undefined` where they are not all installed. */
export function openCvFolders() {
  if (!LIBRARIES.every((module) => existsSync(`${HEADERS}/opencv2/${module}.hpp`))) return undefined;
  const libraries = LIBRARY_FOLDERS.find((folder) => existsSync(path.join(folder, 'libopencv_core.so')));
  return libraries === undefined ? undefined : { headers: HEADERS, libraries };
}

/**
 * Puts OpenCV's binding into `node_modules/@u4/opencv4nodejs`: from the user's cache, or compiled (minutes) and kept there.
 *
 * @param {string} modules absolute path of the `node_modules`
 * @param {string} scratch a folder for what compiling needs
 * @param {string} log file for the compiler's output
 */
export async function bindOpenCv(modules, scratch, log) {
  const folder = path.join(modules, '@u4/opencv4nodejs');
  const addon = addonOf(folder);
  if (loads(addon)) return;
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const made = { name: 'opencv4nodejs', version, library: `opencv${openCvVersion()}`, texts: [...MODULES, CXXFLAGS] };
  await withNativeCache(made, addon, loads, async () => {
    process.stderr.write("set-up: compiling OpenCV's binding (minutes; it is kept for the next time) …\n");
    const env = {
      ...process.env,
      OPENCV4NODEJS_DISABLE_AUTOBUILD: '1',
      OPENCV_INCLUDE_DIR: includeFolder(scratch),
      OPENCV_LIB_DIR: libraryFolder(),
      OPENCV_BIN_DIR: '/usr/bin',
      CXXFLAGS,
      JOBS: 'max',
    };
    const gyp = path.join(modules, 'node-gyp/bin/node-gyp.js');
    await runLogged(process.execPath, [gyp, 'rebuild', ...nodeHeaders()], log, { cwd: folder, env });
    if (!loads(addon)) throw new SetupError('the OpenCV binding was compiled but does not load', `read ${log}`);
  });
}

/** node-gyp takes the headers that came with this Node where it finds them, rather than asking the network. */
function nodeHeaders() {
  const prefix = path.resolve(process.execPath, '../..');
  return existsSync(path.join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : [];
}

function addonOf(binding) {
  return path.join(binding, 'build/Release/opencv4nodejs.node');
}

/** In a process of its own: this one must be free to leave OpenCV to a worker. */
function loads(addon) {
  if (!existsSync(addon)) return false;
  try {
    execFileSync(process.execPath, ['-e', `require(${JSON.stringify(addon)})`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function openCvVersion() {
  const header = readFileSync(`${HEADERS}/opencv2/core/version.hpp`, 'utf8');
  return ['MAJOR', 'MINOR', 'REVISION']
    .map((part) => new RegExp(`#define CV_VERSION_${part}\\s+(\\d+)`).exec(header)?.[1] ?? '0')
    .join('.');
}

/** Headers whose list of modules is ours: the binding compiles a wrapper for every module that the list names. */
function includeFolder(scratch) {
  const folder = path.join(scratch, 'opencv-include');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'opencv2'), { recursive: true });
  symlinkSync(HEADERS, path.join(folder, 'opencv4'));
  const list = MODULES.map((module) => `#define HAVE_OPENCV_${module}\n`).join('');
  writeFileSync(path.join(folder, 'opencv2/opencv_modules.hpp'), list);
  return folder;
}

function libraryFolder() {
  const folders = openCvFolders();
  if (folders) return folders.libraries;
  throw new SetupError(
    `OpenCV's development files are not in ${HEADERS} and one of ${LIBRARY_FOLDERS.join(', ')}`,
    `sudo apt-get install --no-install-recommends ${OPENCV_PACKAGES.join(' ')}`,
  );
}
