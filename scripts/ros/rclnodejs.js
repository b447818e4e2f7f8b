import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describePython, packageRoot, rosEnvironment, rosPython, RosSetupError } from './environment.js';
import { fingerprint, run } from './run.js';
import { withNativeCache } from '../setup/nativeCache.js';

const require = createRequire(path.join(packageRoot, 'package.json'));

/** Messages that the node and its tests load; the generator swallows errors and still exits 0, so its output is checked for these. */
const NEEDED_MESSAGES = [
  'builtin_interfaces__msg__Time',
  'diagnostic_msgs__msg__DiagnosticArray',
  'lifecycle_msgs__srv__ChangeState',
  'multispectral_saliency__action__Explain',
  'multispectral_saliency__msg__ExplainedDetections',
  'multispectral_saliency__msg__FusedDetections',
  'multispectral_saliency__msg__Explanation',
  'rcl_interfaces__srv__SetParameters',
  'rosgraph_msgs__msg__Clock',
  'sensor_msgs__msg__CompressedImage',
  'sensor_msgs__msg__Image',
  'std_srvs__srv__SetBool',
  'std_srvs__srv__Trigger',
  'vision_msgs__msg__Detection2DArray',
  'vision_msgs__msg__LabelInfo',
  'vision_msgs__msg__VisionInfo',
];

function rclnodejsFolder() {
  return path.dirname(require.resolve('rclnodejs/package.json'));
}

/**
 * rclnodejs's addon, compiled against the ROS at hand where none that loads is there, nor in the user's cache. Must happen before anything
 * imports rclnodejs: where its addon does not load, the import itself starts a build that loses the libpython link and deletes the
 * generated messages.
 *
 * @param {(line: string) => void} log
 * @param {{folder?: string, env?: NodeJS.ProcessEnv, python?: string}} [where] rclnodejs's folder, the ROS environment, its interpreter
 */
export async function buildRclnodejs(
  log,
  { folder = rclnodejsFolder(), env = rosEnvironment(), python = rosPython() } = {},
) {
  const stampFile = path.join(folder, 'build', 'multispectral_saliency.stamp');
  const manifest = path.join(folder, 'package.json');
  const stamp = fingerprint([manifest], process.versions.modules, env.ROS_DISTRO);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && addonLoads(folder, env)) return false;

  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const described = describePython(python);
  const library = path
    .basename(described.library)
    .replace(/^lib/, '')
    .replace(/\.so.*$/, '');
  const made = { name: 'rclnodejs', version, library: `ros-${env.ROS_DISTRO}`, texts: [library] };
  const addon = path.join(folder, 'build', 'Release', 'rclnodejs.node');
  await withNativeCache(
    made,
    addon,
    () => addonLoads(folder, env),
    async () => {
      log('building rclnodejs (about 40 s)');
      const gyp = createRequire(manifest).resolve('node-gyp/bin/node-gyp.js');
      await run(process.execPath, [gyp, 'rebuild', ...nodeHeaders()], {
        cwd: folder,
        env: {
          ...env,
          JOBS: 'max',
          // rcl's logging and type support libraries leave CPython's symbols to the process; node brings none, so the addon must.
          LDFLAGS: `-Wl,--no-as-needed -L${described.folder} -l${library}`,
        },
      });
      if (!addonLoads(folder, env)) {
        throw new RosSetupError(
          'rclnodejs was compiled but its addon does not load',
          `look at the linker's message: node -e "require('${addon}')" in the ROS environment`,
        );
      }
    },
  );
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  return true;
}

/**
 * JavaScript for every message definition of the ROS environment, ours included; returns whether anything had to be done.
 *
 * @param {(line: string) => void} log
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [folder] rclnodejs's
 */
export async function generateMessages(log, env = rosEnvironment(), folder = rclnodejsFolder()) {
  const generated = path.join(folder, 'generated');
  const stampFile = path.join(generated, 'multispectral_saliency.stamp');
  const stamp = fingerprint(
    ['msg', 'action'].map((name) => path.join(packageRoot, name)),
    env.ROS_DISTRO,
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && missingMessages(generated).length === 0)
    return false;

  log('generating the JavaScript of the ROS messages (about 20 s)');
  await run(process.execPath, ['scripts/generate_messages.cjs'], { cwd: folder, env });
  const missing = missingMessages(generated);
  if (missing.length > 0) {
    throw new RosSetupError(
      `rclnodejs generated no JavaScript for ${missing.join(', ')}`,
      'check that the packages named are in AMENT_PREFIX_PATH (apt-get install ros-$ROS_DISTRO-vision-msgs for vision_msgs)',
    );
  }
  writeFileSync(stampFile, stamp);
  return true;
}

function missingMessages(generated) {
  return NEEDED_MESSAGES.filter((name) => !existsSync(path.join(generated, name.split('__')[0], `${name}.js`)));
}

function addonLoads(folder, env) {
  const addon = path.join(folder, 'build', 'Release', 'rclnodejs.node');
  try {
    execFileSync(process.execPath, ['-e', 'require(process.argv[1])', addon], { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Compile against the headers beside this node where there are any: node-gyp would download them. */
function nodeHeaders() {
  const prefix = path.resolve(path.dirname(process.execPath), '..');
  return existsSync(path.join(prefix, 'include', 'node', 'node.h')) ? [`--nodedir=${prefix}`] : [];
}
