import path from 'node:path';

/** What the package reads while it runs, besides its compiled sources and node_modules. */
export const PACKAGE_FILES = ['bin', 'models', 'config', 'msg', 'action', 'scripts/ros/environment.js', 'LICENSE'];

/** What building the package needs beyond what it runs with. */
const BUILD_TOOLS = ['@types/cli-progress', '@types/node', 'esbuild', 'typescript', 'uplot'];

/**
 * The package's own part of the lock file: no laboratory, and of the development packages only those that the build needs.
 *
 * @param {object} manifest package.json
 * @param {object} lock package-lock.json, version 3
 * @returns {{manifest: object, lock: object}}
 */
export function productLock(manifest, lock) {
  const devDependencies = Object.fromEntries(BUILD_TOOLS.map((name) => [name, manifest.devDependencies[name]]));
  const reduced = { ...manifest, devDependencies };
  delete reduced.workspaces;
  delete reduced.scripts;
  const all = reachable(lock.packages, [...Object.keys(manifest.dependencies), ...BUILD_TOOLS]);
  const { name, version, license, engines, dependencies, bin } = manifest;
  const packages = { '': { name, version, license, dependencies, devDependencies, bin, engines } };
  for (const folder of [...all].sort()) packages[folder] = lock.packages[folder];
  return {
    manifest: reduced,
    lock: { name, version, lockfileVersion: lock.lockfileVersion, requires: true, packages },
  };
}

/**
 * Folders of the packages that are needed, as Node.js would find them: nearest `node_modules` first.
 *
 * @param {Record<string, object>} packages of the lock file
 * @param {string[]} names wanted by the root
 * @param {(from: string, name: string) => boolean} [follows] whether a dependency counts
 * @returns {Set<string>}
 */
export function reachable(packages, names, follows = () => true) {
  const found = new Set();
  const visit = (from, name) => {
    if (!follows(from, name)) return;
    const folder = resolve(packages, from, name);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    const { dependencies, optionalDependencies, peerDependencies } = packages[folder];
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
      visit(folder, next);
  };
  for (const name of names) visit('', name);
  return found;
}

function resolve(packages, from, name) {
  for (let folder = from; ; folder = path.posix.dirname(folder)) {
    const base = folder === '.' ? '' : folder;
    const candidate = path.posix.join(base, 'node_modules', name);
    if (Object.hasOwn(packages, candidate)) return candidate;
    if (base === '') return undefined;
  }
}
