#!/usr/bin/env node
/**
 * Builds what the ROS package installs, in a folder of its own: node_modules for running only, the compiled sources, the native addons.
 * Called by CMake (see CMakeLists.txt); nothing is written beside the sources, and nothing of the system is changed.
 *
 *   node scripts/package/build.js --output FOLDER [--prepared FOLDER]   for the ROS 2 that is sourced
 *   node scripts/package/build.js --prepare FOLDER                      what has to be fetched, for builds without a network
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildRclnodejs } from '../ros/rclnodejs.js';
import { fingerprint } from '../ros/run.js';
import { bundlePage } from '../setup/bundlePage.js';
import { bindOpenCv } from '../setup/opencv.js';
import { packageRoot, runLogged, SetupError } from '../setup/step.js';
import { PACKAGE_FILES, productLock } from './lock.js';
import { checkPrerequisites } from './prerequisites.js';

/**
 * @param {string} output where the package is made; what an earlier build made there is used again where its sources are the same
 * @param {{prepared?: string, forRos: boolean}} options
 */
export async function buildPackage(output, { prepared, forRos }) {
  checkPrerequisites({ fetches: prepared === undefined, forRos });
  const work = path.join(output, '.build');
  mkdirSync(work, { recursive: true });
  const log = path.join(work, 'build.log');
  const { manifest, lock } = readProduct();

  await once(work, 'packages', madeFrom([], JSON.stringify(lock), prepared), async () => {
    rmSync(path.join(output, 'node_modules'), { recursive: true, force: true });
    for (const part of ['opencv', 'sources']) rmSync(path.join(work, `${part}.done`), { force: true });
    writeFileSync(path.join(output, 'package.json'), JSON.stringify(manifest, null, 2));
    writeFileSync(path.join(output, 'package-lock.json'), JSON.stringify(lock, null, 2));
    if (prepared !== undefined) {
      say(`npm packages from ${prepared}`);
      takePrepared(prepared, output, lock);
      return;
    }
    say('npm ci (fetches the packages of package-lock.json from the npm registry) …');
    await runLogged('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], log, { cwd: output });
  });
  await once(work, 'opencv', madeFrom(['scripts/setup/opencv.js'], JSON.stringify(lock)), () =>
    bindOpenCv(path.join(output, 'node_modules'), work, log),
  );
  await once(work, 'sources', madeFrom(['src', 'tsconfig.json', 'scripts/setup/bundlePage.js']), async () => {
    say('compiling TypeScript …');
    await compileSources(output, work, log);
  });
  for (const name of PACKAGE_FILES) {
    rmSync(path.join(output, name), { recursive: true, force: true });
    cpSync(path.join(packageRoot, name), path.join(output, name), { recursive: true });
  }
  if (!forRos) return;
  await buildRclnodejs(say, {
    folder: path.join(output, 'node_modules/rclnodejs'),
    env: process.env,
    python: 'python3',
  });
}

function readProduct() {
  const read = (name) => JSON.parse(readFileSync(path.join(packageRoot, name), 'utf8'));
  return productLock(read('package.json'), read('package-lock.json'));
}

/** @throws SetupError where the folder was prepared for other sources */
function takePrepared(prepared, output, lock) {
  const theirs = path.join(prepared, 'package-lock.json');
  if (!existsSync(theirs) || readFileSync(theirs, 'utf8') !== JSON.stringify(lock, null, 2))
    throw new SetupError(
      `${prepared} is not prepared for this version of the package`,
      `on a machine with a network: node scripts/package/build.js --prepare ${prepared}`,
    );
  cpSync(path.join(prepared, 'node_modules'), path.join(output, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
  });
}

/** The compiler sees a copy of the sources, so that it finds the types of packages in the build folder. */
async function compileSources(output, work, log) {
  for (const name of ['src', 'dist']) rmSync(path.join(output, name), { recursive: true, force: true });
  cpSync(path.join(packageRoot, 'src'), path.join(output, 'src'), { recursive: true });
  cpSync(path.join(packageRoot, 'tsconfig.json'), path.join(output, 'tsconfig.json'));
  const settings = path.join(output, 'tsconfig.package.json');
  writeFileSync(
    settings,
    JSON.stringify({
      extends: './tsconfig.json',
      compilerOptions: { incremental: false, tsBuildInfoFile: null, sourceMap: false, types: ['node'] },
      include: ['src'],
      exclude: ['src/report/page'],
      references: [],
    }),
  );
  const compiler = path.join(output, 'node_modules/typescript/bin/tsc');
  await runLogged(process.execPath, [compiler, '-p', settings], log, { cwd: output });
  await bundlePage(output);
  rmSync(path.join(output, 'src'), { recursive: true });
  for (const name of ['tsconfig.json', 'tsconfig.package.json']) rmSync(path.join(output, name));
}

/** Does a part of the build unless it was done from the same things; one that was interrupted is done again. */
async function once(work, name, made, part) {
  const stamp = path.join(work, `${name}.done`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return;
  rmSync(stamp, { force: true });
  await part();
  writeFileSync(stamp, made);
}

/** @param {string[]} files relative to the package, folders too @param {...(string | undefined)} texts */
function madeFrom(files, ...texts) {
  const absolute = files.map((file) => path.join(packageRoot, file));
  return fingerprint(absolute, process.versions.modules, ...texts.map((text) => text ?? ''));
}

function say(text) {
  process.stderr.write(`multispectral_saliency: ${text}\n`);
}

if (process.argv[1] && path.resolve(process.argv[1]) === import.meta.filename) {
  try {
    const { values } = parseArgs({
      options: { output: { type: 'string' }, prepare: { type: 'string' }, prepared: { type: 'string' } },
    });
    const output = values.output ?? values.prepare;
    if (output === undefined) throw new SetupError('no folder was given', 'give --output FOLDER or --prepare FOLDER');
    await buildPackage(path.resolve(output), {
      ...(values.prepared && { prepared: path.resolve(values.prepared) }),
      forRos: values.prepare === undefined,
    });
  } catch (error) {
    if (!('remedy' in error)) throw error;
    process.stderr.write(`multispectral_saliency: ${error.message}\n  what to do: ${error.remedy}\n`);
    process.exitCode = 6;
  }
}
