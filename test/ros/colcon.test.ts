import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/packageRoot.js';
import { launchArguments } from './launchLine.js';
import { type DiagnosticStatus, type PeerReport, TINY_MODEL } from './perception.js';
import { rosScripts, RosProcess, startPeer, startPeerIn, testEnvironment } from './ros.js';

const run = promisify(execFile);

/** What a clone has that the build needs. */
const SOURCES = [
  ...['action', 'bin', 'CMakeLists.txt', 'config', 'launch', 'LICENSE', 'models', 'msg'],
  ...['package.json', 'package-lock.json', 'package.xml', 'scripts', 'src', 'tsconfig.json'],
];
/** The system's own: a build that calls one of these ends with an error. */
const PACKAGE_MANAGERS = ['apt-get', 'apt', 'dpkg', 'sudo', 'pip', 'pip3', 'dnf', 'snap'];
/** Packages for building, testing and the laboratory, and what they bring. */
const NOT_INSTALLED =
  /^(typescript|esbuild|eslint.*|mocha|prettier|c8|playwright.*|fast-check|fast-png|uplot|rimraf|node-gyp|nan|linkedom|dejavu-fonts-ttf|fast-xml-parser|@types\/.*|@observablehq\/.*|@resvg\/.*|@esbuild\/.*|@u4\/opencv-build)$/;
const MEGABYTES = 200;

const scripts = await rosScripts();
/** A ROS that is sourced is what there is; else both distributions come as wheels. */
const DISTRIBUTIONS = process.env.ROS_DISTRO && process.env.AMENT_PREFIX_PATH ? ['sourced'] : ['kilted', 'jazzy'];

for (const distribution of DISTRIBUTIONS)
  describe(`colcon build with default options, ROS 2 ${distribution}`, function () {
    this.timeout(1_800_000);
    const workspace = mkdtempSync(path.join(tmpdir(), 'msal-colcon-'));
    const source = path.join(workspace, 'src', 'multispectral_saliency');
    const install = path.join(workspace, 'install');
    const installed = path.join(install, 'lib/multispectral_saliency');
    let before_: string[];
    let env: NodeJS.ProcessEnv;

    before(async () => {
      for (const name of SOURCES) cpSync(path.join(packageRoot, name), path.join(source, name), { recursive: true });
      const visionMsgs = path.join(workspace, 'src', 'vision_msgs');
      cpSync(path.join(packageRoot, 'test/ros/overlay/vision_msgs'), visionMsgs, { recursive: true });
      before_ = listing(source);
      const forbidden = path.join(workspace, 'forbidden');
      mkdirSync(forbidden);
      for (const name of PACKAGE_MANAGERS)
        writeFileSync(path.join(forbidden, name), `#!/bin/sh\necho called >> '${forbidden}/calls'\nexit 99\n`, {
          mode: 0o755,
        });
      const base = await environmentOf(distribution);
      env = { ...base, PATH: `${forbidden}:${base.PATH ?? ''}` };
      await scripts.colconBuild({
        env,
        packages: [visionMsgs, source],
        buildFolder: path.join(workspace, 'build'),
        installFolder: install,
        cmakeOptions: [],
      });
      // As a shell has it that has sourced install/setup.bash.
      env.AMENT_PREFIX_PATH = `${install}:${env.AMENT_PREFIX_PATH ?? ''}`;
      env.LD_LIBRARY_PATH = `${path.join(install, 'lib')}:${env.LD_LIBRARY_PATH ?? ''}`;
      env.PATH = `${path.join(install, 'bin')}:${env.PATH ?? ''}`;
      const { ROS_DOMAIN_ID, ROS_AUTOMATIC_DISCOVERY_RANGE } = testEnvironment();
      Object.assign(env, { ROS_DOMAIN_ID, ROS_AUTOMATIC_DISCOVERY_RANGE });
    });

    after(() => rmSync(workspace, { recursive: true, force: true }));

    it('writes nothing into the source tree, and calls no package manager of the system', () => {
      assert.deepEqual(listing(source), before_);
      assert.equal(existsSync(path.join(workspace, 'forbidden/calls')), false);
    });

    it('installs what `ros2 run`, `ros2 launch` and other packages look for', () => {
      for (const file of [
        'share/ament_index/resource_index/packages/multispectral_saliency',
        'share/ament_index/resource_index/rosidl_interfaces/multispectral_saliency',
        'share/multispectral_saliency/package.xml',
        'share/multispectral_saliency/msg/ExplainedDetections.msg',
        'share/multispectral_saliency/launch/perception.launch.py',
        'share/multispectral_saliency/launch/replay.launch.py',
        'share/multispectral_saliency/launch/rviz.launch.py',
        'share/multispectral_saliency/config/perception_node.yaml',
        'share/multispectral_saliency/config/perception.rviz',
        'share/multispectral_saliency/cmake/multispectral_saliencyConfig.cmake',
        'share/multispectral_saliency/msg/Explanation.msg',
        'share/multispectral_saliency/action/Explain.action',
        'share/multispectral_saliency/launch/explain.launch.py',
        'share/multispectral_saliency/config/explain.yaml',
        'lib/multispectral_saliency/perception_node',
        'lib/multispectral_saliency/play_node',
        'lib/multispectral_saliency/explain_node',
        'lib/multispectral_saliency/msal',
        'bin/msal',
      ]) {
        assert.ok(existsSync(path.join(install, file)), file);
      }
      for (const name of ['perception_node', 'explain_node', 'play_node', 'msal'])
        assert.ok(statSync(path.join(installed, name)).mode & 0o100, `${name} is executable`);
    });

    it(`installs at most ${MEGABYTES} MB, for this platform only, and nothing that only building or testing needs`, () => {
      const bytes = readdirSync(install, { recursive: true, encoding: 'utf8' })
        .map((name) => statSync(path.join(install, name)))
        .filter((entry) => entry.isFile())
        .reduce((sum, { size }) => sum + size, 0);
      assert.ok(bytes <= MEGABYTES * 1e6, `${(bytes / 1e6).toFixed(0)} MB`);
      const packages = packagesIn(path.join(installed, 'package/node_modules'));
      assert.ok(packages.includes('onnxruntime-node') && packages.includes('rclnodejs'), packages.join(' '));
      assert.deepEqual(
        packages.filter((name) => NOT_INSTALLED.test(name)),
        [],
      );
      const runtimes = path.join(installed, 'package/node_modules/onnxruntime-node/bin');
      const platforms = readdirSync(runtimes).flatMap((api) =>
        readdirSync(path.join(runtimes, api)).flatMap((system) =>
          readdirSync(path.join(runtimes, api, system)).map((architecture) => `${system}/${architecture}`),
        ),
      );
      assert.deepEqual(platforms, [`${process.platform}/${process.arch}`]);
      console.log(`      ${(bytes / 1e6).toFixed(0)} MB, ${packages.length} npm packages`);
    });

    describe('when the sources and the build folder are gone', () => {
      before(() => {
        rmSync(path.join(workspace, 'src'), { recursive: true });
        rmSync(path.join(workspace, 'build'), { recursive: true });
      });

      it('msal detects objects, and says what is installed', async () => {
        const picture = path.join(packageRoot, 'test/fixtures/picture.png');
        const folder = path.join(workspace, 'detected');
        const args = ['detect', picture, '--model', TINY_MODEL, '--output', folder, '--score-threshold', '0.01'];
        const { stdout } = await run('msal', [...args, '--json'], { env });
        assert.ok(
          stdout
            .trim()
            .split('\n')
            .every((line) => JSON.parse(line) !== null) && stdout !== '',
        );
        assert.deepEqual(readdirSync(folder), ['picture.overlay.jpg']);
        const doctor = await run('msal', ['doctor', '--json'], { env });
        assert.match(doctor.stdout, /rclnodejs/);
      });

      it('the real launch_ros starts a node that is configured and active, where there is one', async function () {
        const configFile = path.join(workspace, 'launched.yaml');
        writeFileSync(configFile, JSON.stringify({ cameras: { rgb: { model: TINY_MODEL } } }));
        const file = path.join(install, 'share/multispectral_saliency/launch/perception.launch.py');
        const args = ['namespace:=/veh', `config_file:=${configFile}`];
        const launch = startPeerIn<{ real: boolean }>(env, 'run_launch.py', file, ...args);
        try {
          const { real } = await launch.report(() => true);
          if (!real) this.skip();
          await launch.line(/veh\.perception_node\]: activate$/, 300_000);
        } finally {
          await launch.stop();
        }
      });

      it('the nodes run as launch files start them', async () => {
        const configFile = path.join(workspace, 'perception.yaml');
        writeFileSync(configFile, JSON.stringify({ cameras: { rgb: { model: TINY_MODEL } } }));
        const files = [path.join(install, 'share/multispectral_saliency/config/perception_node.yaml')];
        const parameters = { autostart: true, config_file: configFile, diagnostics_period: 0.5 };
        const launched = { name: 'perception_node', namespace: '/veh', files, parameters };
        const args = launchArguments(launched, workspace, ['--ros-args', '--log-level', 'info']);
        const node = new RosProcess(path.join(installed, 'perception_node'), args, env);
        // The listener speaks the ROS of the tests: both are on one wire.
        const peer = startPeer<PeerReport>('peer.py');
        try {
          peer.send({ subscribe: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray', qos: 'reliable' });
          const isActive = ({ message }: PeerReport): boolean =>
            ((message?.status ?? []) as DiagnosticStatus[]).some(({ values }) =>
              values.some(({ key, value }) => key === 'lifecycle state' && value === 'active'),
            );
          await Promise.race([
            peer.report(isActive, 300_000),
            node.ended().then((code) => assert.fail(`ended with ${String(code)}: ${node.log.join('\n')}`)),
          ]);
        } finally {
          await Promise.all([node.stop(), peer.stop()]);
        }
        const missing = new RosProcess(
          path.join(installed, 'explain_node'),
          ['--ros-args', '-p', 'config_file:=/nowhere.yaml'],
          env,
        );
        assert.equal(await missing.ended(), 2, missing.log.join('\n'));
        assert.match(missing.log.join('\n'), /configuration \/nowhere\.yaml cannot be read/);
        const player = new RosProcess(path.join(installed, 'play_node'), ['/nowhere.mcap'], env);
        assert.notEqual(await player.ended(), 1, player.log.join('\n'));
        assert.match(player.log.join('\n'), /play_node: .*\/nowhere\.mcap/);
      });
    });
  });

describe('building the package', function () {
  this.timeout(120_000);

  it('stops with the command that installs what is missing', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'msal-missing-'));
    try {
      symlinkSync(process.execPath, path.join(folder, 'node'));
      const build = path.join(packageRoot, 'scripts/package/build.js');
      const env = { PATH: folder, HOME: folder };
      const { status, stderr } = spawnSync(process.execPath, [build, '--output', path.join(folder, 'out')], {
        env,
        encoding: 'utf8',
      });
      assert.equal(status, 6);
      assert.match(stderr, /missing on this system: g\+\+ make python3 npm/);
      assert.match(stderr, /what to do: sudo apt-get install --no-install-recommends g\+\+ make python3 npm/);
      assert.equal(existsSync(path.join(folder, 'out')), false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** The ROS alone, without what the tests have built on it. */
async function environmentOf(distribution: string): Promise<NodeJS.ProcessEnv> {
  if (distribution === 'sourced') return { ...process.env };
  const env = { ...process.env, MSAL_ROS_WHEELS: distribution };
  await run(process.execPath, [path.join(packageRoot, 'scripts/ros.js'), 'wheels'], { env });
  const { stdout } = await run(process.execPath, [path.join(packageRoot, 'scripts/ros.js'), 'wheels-env'], { env });
  return JSON.parse(stdout) as NodeJS.ProcessEnv;
}

/** Every file below a folder with its size and time of change. */
function listing(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const { size, mtimeMs } = statSync(path.join(folder, name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

/** Names of the packages in a `node_modules`, nested ones too. */
function packagesIn(modules: string): string[] {
  return readdirSync(modules, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        /(^|\/node_modules\/|^)(@[^/]+\/)?[^/]+\/package\.json$/.test(name) && isPackage(path.join(modules, name)),
    )
    .map((name) => path.dirname(name).split('node_modules/').at(-1) ?? '');
}

function isPackage(manifest: string): boolean {
  return typeof (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }).version === 'string';
}
