import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { rosScripts, RosProcess, testEnvironment } from './ros.js';

/** What a clone has that the build needs; node_modules is linked, it is large. */
const SOURCES = [
  'action',
  'CMakeLists.txt',
  'config',
  'dist',
  'launch',
  'models',
  'msg',
  'package.json',
  'package.xml',
  'scripts',
];

describe('colcon build', function () {
  this.timeout(900_000);
  const workspace = mkdtempSync(path.join(tmpdir(), 'msal-colcon-'));
  const install = path.join(workspace, 'install');

  before(async () => {
    const source = path.join(workspace, 'src', 'multispectral_saliency');
    for (const name of SOURCES) cpSync(path.join(packageRoot, name), path.join(source, name), { recursive: true });
    cpSync(
      path.join(packageRoot, 'src', 'ros', 'executable.cjs.in'),
      path.join(source, 'src', 'ros', 'executable.cjs.in'),
    );
    symlinkSync(path.join(packageRoot, 'node_modules'), path.join(source, 'node_modules'));
    const { colconBuild } = await rosScripts();
    await colconBuild({
      env: testEnvironment(),
      packages: [source],
      buildFolder: path.join(workspace, 'build'),
      installFolder: install,
      cmakeOptions: ['-DRUN_SETUP=OFF', '-DCOPY_NODE_MODULES=OFF'],
    });
  });

  after(() => rmSync(workspace, { recursive: true, force: true }));

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
    ]) {
      assert.ok(existsSync(path.join(install, file)), file);
    }
    assert.ok(statSync(path.join(install, 'lib/multispectral_saliency/perception_node')).mode & 0o100, 'is executable');
  });

  it('gives an executable that runs the node with the installed parameter file', async () => {
    const env = testEnvironment();
    const node = new RosProcess(
      path.join(install, 'lib/multispectral_saliency/perception_node'),
      [
        '--ros-args',
        '--params-file',
        path.join(install, 'share/multispectral_saliency/config/perception_node.yaml'),
      ].concat([...['-p', 'autostart:=true', '-p', 'config_file:=/nowhere.yaml']]),
      { ...env, AMENT_PREFIX_PATH: `${install}:${env.AMENT_PREFIX_PATH ?? ''}` },
    );
    try {
      assert.equal(await node.ended(), 2, 'the configuration file is not there: usage');
      assert.match(node.log.join('\n'), /configuration \/nowhere\.yaml cannot be read/);
    } finally {
      await node.stop();
    }
  });
});
