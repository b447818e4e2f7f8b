#!/usr/bin/env node
/**
 * Puts what `build.js` has made into the install tree, without what only building needs, with the JavaScript of the ROS messages; called
 * by CMake when the messages of this package are installed:
 *
 *   node scripts/package/install.js BUILT TARGET
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateMessages } from '../ros/rclnodejs.js';
import { PACKAGE_FILES, reachable } from './lock.js';

/** What packages need to compile or to fetch their native code, and their own dependencies with it. */
const COMPILERS = ['@u4/opencv-build', 'adm-zip', 'glob', 'global-agent', 'nan', 'node-addon-api', 'node-gyp'];

/** Of the packages that are installed, what is there for other systems, for compilers and for editors. */
const LEFT_OUT = [
  new RegExp(`^onnxruntime-node/(script|bin/napi-v\\d+/(?!${process.platform}(/${process.arch}(/|$)|$)))`),
  /^rclnodejs\/(prebuilds|src|types|build\/(?!Release(\/rclnodejs\.node)?$))/,
  /^@u4\/opencv4nodejs\/(cc|src|typings|types|esm|bin|build\/(?!Release(\/opencv4nodejs\.node)?$))/,
  /^rxjs\/(src|dist\/(bundles|esm5|types))/,
  /^zod\/src/,
  /\.(map|d\.ts|d\.cts|d\.mts|tsbuildinfo)$/,
];

/** @param {string} built @param {string} target replaced */
export async function installPackage(built, target) {
  const manifest = JSON.parse(readFileSync(path.join(built, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(path.join(built, 'package-lock.json'), 'utf8'));
  const say = (text) => process.stderr.write(`multispectral_saliency: ${text}\n`);
  await generateMessages(say, process.env, path.join(built, 'node_modules/rclnodejs'));

  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const installed = { ...manifest };
  delete installed.devDependencies;
  writeFileSync(path.join(target, 'package.json'), JSON.stringify(installed, null, 2));
  for (const name of [...PACKAGE_FILES, 'dist'])
    cpSync(path.join(built, name), path.join(target, name), { recursive: true });
  const folders = reachable(lock.packages, Object.keys(manifest.dependencies), (_, name) => !COMPILERS.includes(name));
  for (const folder of folders) {
    const from = path.join(built, folder);
    // Optional ones for other systems are in the lock file, not on the disk.
    if (existsSync(from))
      cpSync(from, path.join(target, folder), { recursive: true, filter: isInstalled(from, folder) });
  }
}

/** Of one package, without packages that lie inside it: those come by themselves. */
function isInstalled(from, folder) {
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return (file) => {
    const inside = path.relative(from, file);
    if (inside.split(path.sep)[0] === 'node_modules') return false;
    return !LEFT_OUT.some((pattern) => pattern.test(path.posix.join(name, inside)));
  };
}

if (process.argv[1] && path.resolve(process.argv[1]) === import.meta.filename) {
  try {
    await installPackage(path.resolve(process.argv[2]), path.resolve(process.argv[3]));
  } catch (error) {
    if (!('remedy' in error)) throw error;
    process.stderr.write(`multispectral_saliency: ${error.message}\n`);
    process.exitCode = 6;
  }
}
