import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { mallocKeepsMemory, NATIVE_MEMORY } from '../../src/detector/nativeMemory.js';
import { packageRoot } from '../../src/packageRoot.js';

describe('native memory', () => {
  it('is what the command starts with', () => {
    const [first] = readFileSync(path.join(packageRoot, 'bin/msal.js'), 'utf8').split('\n');
    const variables = Object.entries(NATIVE_MEMORY).map(([name, value]) => `${name}=${value}`);
    assert.equal(first, `#!/usr/bin/env -S ${variables.join(' ')} node`);
  });

  it('lets the command be started by its file name', () => {
    const text = execFileSync(path.join(packageRoot, 'bin/msal.js'), ['--version'], { encoding: 'utf8' });
    assert.match(text, /^\d+\.\d+\.\d+\n$/);
  });

  it('does without arenas only where every variable is set', () => {
    assert.equal(mallocKeepsMemory({ ...NATIVE_MEMORY }), true);
    assert.equal(mallocKeepsMemory({ ...NATIVE_MEMORY, MALLOC_ARENA_MAX: '8' }), false);
    assert.equal(mallocKeepsMemory({}), false);
  });
});
