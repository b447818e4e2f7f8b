import { readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './step.js';

/**
 * Compiled test files by room: each room runs in a process of its own, so that a crash of native code is seen where it happens
 * and OpenCV is loaded by one thread only.
 *
 * @returns {[room: string, files: string[]][]}
 */
export function rooms() {
  return [...roomsBelow('test'), ...roomsBelow('lab/test')];
}

/** @param {string} file relative to the package */
export function roomOf(file) {
  const parts = file.split('/');
  const prefix = parts[0] === 'test' ? [] : [parts.shift()];
  return [...prefix, parts.length > 2 ? parts[1] : 'top level'].join('/');
}

/** @param {string} file relative to the package, as it is written */
export function compiledFile(file) {
  return path.join(packageRoot, 'dist', file.replace(/\.ts$/, '.js'));
}

function roomsBelow(folder) {
  const compiled = path.join(packageRoot, 'dist', folder);
  const sources = new Set(readdirSync(path.join(packageRoot, folder), { recursive: true }));
  const prefix = folder === 'test' ? '' : `${path.dirname(folder)}/`;
  const byRoom = new Map();
  for (const entry of readdirSync(compiled, { recursive: true })) {
    // A test whose source is gone leaves its compiled file behind.
    if (!entry.endsWith('.test.js') || !sources.has(entry.replace(/\.js$/, '.ts'))) continue;
    const room = prefix + (entry.includes(path.sep) ? entry.split(path.sep)[0] : 'top level');
    byRoom.set(room, [...(byRoom.get(room) ?? []), path.join(compiled, entry)]);
  }
  return [...byRoom].sort(([a], [b]) => a.localeCompare(b));
}
