import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, runLogged, SetupError, step } from './step.js';
import { hasProgram, systemPackages } from './systemPackages.js';

/** What src/images needs, and what those need. HIGHGUI and VIDEOIO have to be named for imencode and imdecode to be built in. */
const MODULES = ['CORE', 'IMGPROC', 'IMGCODECS', 'HIGHGUI', 'VIDEOIO', 'CALIB3D', 'FEATURES2D'];
const PACKAGES = ['core', 'imgproc', 'imgcodecs', 'highgui', 'videoio', 'calib3d', 'features2d', 'dnn'].map(
  (module) => `libopencv-${module}-dev`,
);
const HEADERS = '/usr/include/opencv4';

/** OpenCV from the system and its Node binding, compiled for the modules that are used. */
export async function setUpOpenCv() {
  await systemPackages('opencv', ['g++', 'make', 'python3', ...PACKAGES], () =>
    ['core', 'imgproc', 'imgcodecs', 'highgui', 'videoio', 'calib3d', 'features2d', 'dnn'].every(
      (module) => existsSync(`${HEADERS}/opencv2/${module}.hpp`) && hasProgram('g++') && hasProgram('make'),
    ),
  );
  const package_ = path.join(packageRoot, 'node_modules/@u4/opencv4nodejs');
  const addon = path.join(package_, 'build/Release/opencv4nodejs.node');
  await step(
    'opencv-binding',
    { files: ['scripts/setup/opencv.js', 'package-lock.json'], present: () => loads(addon) },
    async (log) => {
      if (loads(addon)) return;
      const env = {
        ...process.env,
        OPENCV4NODEJS_DISABLE_AUTOBUILD: '1',
        OPENCV_INCLUDE_DIR: includeFolder(),
        OPENCV_LIB_DIR: libraryFolder(),
        OPENCV_BIN_DIR: '/usr/bin',
        CXXFLAGS: '-O1 -g0 -w',
        JOBS: 'max',
      };
      // node-gyp takes the headers that came with this Node where it finds them, rather than asking the network.
      const prefix = path.resolve(process.execPath, '../..');
      const nodedir = existsSync(path.join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : [];
      const gyp = path.join(packageRoot, 'node_modules/node-gyp/bin/node-gyp.js');
      await runLogged(process.execPath, [gyp, 'rebuild', ...nodedir], log, { cwd: package_, env });
      if (!loads(addon)) throw new SetupError('the OpenCV binding was compiled but does not load', `read ${log}`);
    },
  );
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

/** Headers whose list of modules is ours: the binding compiles a wrapper for every module that the list names. */
function includeFolder() {
  const folder = path.join(packageRoot, '.opencv/include');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'opencv2'), { recursive: true });
  symlinkSync(HEADERS, path.join(folder, 'opencv4'));
  const list = MODULES.map((module) => `#define HAVE_OPENCV_${module}\n`).join('');
  writeFileSync(path.join(folder, 'opencv2/opencv_modules.hpp'), list);
  return folder;
}

function libraryFolder() {
  const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
  const found = folders.find((folder) => existsSync(path.join(folder, 'libopencv_core.so')));
  if (found) return found;
  throw new SetupError(
    `libopencv_core.so is in none of ${folders.join(', ')}`,
    'install the OpenCV development packages',
  );
}
