import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, packageRoot } from './step.js';

const stamp = path.join(cacheFolder, 'compiled.stamp');

/** Milliseconds since 1970 of the newest source or compiler setting. */
export function newestSource() {
  let newest = 0;
  for (const folder of ['src', 'test', 'lab']) {
    const absolute = path.join(packageRoot, folder);
    if (!existsSync(absolute)) continue;
    for (const entry of readdirSync(absolute, { recursive: true, withFileTypes: true })) {
      if (!/\.(ts|json|css|html)$/.test(entry.name)) continue;
      newest = Math.max(newest, statSync(path.join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
    }
  }
  for (const file of ['tsconfig.json', 'package-lock.json', 'scripts/setup/bundlePage.js'])
    newest = Math.max(newest, statSync(path.join(packageRoot, file)).mtimeMs);
  return newest;
}

/** When the sources were last compiled; 0 where they were not, or the result is gone. */
export function compiledAt() {
  const result = path.join(packageRoot, 'dist/src/cli/main.js');
  return existsSync(stamp) && existsSync(result) ? statSync(stamp).mtimeMs : 0;
}

/** Notes that what is compiled is up to date. */
export function markCompiled() {
  writeFileSync(stamp, '');
}
