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
  const tests = path.join(packageRoot, 'dist/test');
  const byRoom = new Map();
  for (const entry of readdirSync(tests, { recursive: true })) {
    // A test whose source is gone leaves its compiled file behind.
    if (!entry.endsWith('.test.js') || !isCurrent(entry)) continue;
    const room = entry.includes(path.sep) ? entry.split(path.sep)[0] : 'top level';
    byRoom.set(room, [...(byRoom.get(room) ?? []), path.join(tests, entry)]);
  }
  return [...byRoom].sort(([a], [b]) => a.localeCompare(b));
}

const sources = new Set(readdirSync(path.join(packageRoot, 'test'), { recursive: true }));

function isCurrent(compiled) {
  return sources.has(compiled.replace(/\.js$/, '.ts'));
}
