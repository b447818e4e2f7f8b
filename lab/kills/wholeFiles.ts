import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { openBag } from '../../src/bag/openBag.js';
import { finishedName } from '../../src/files/atomicWrite.js';

/**
 * Asserts of every file below a folder that it is whole; files that say that they are unfinished are passed over, as are journals, whose
 * last line a kill may tear.
 * @returns how many were looked at
 */
export async function assertWhole(folder: string): Promise<number> {
  let looked = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || finishedName(entry.name) !== undefined || /^journal.*\.jsonl$/.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    if (await isLooked(file)) looked++;
  }
  return looked;
}

async function isLooked(file: string): Promise<boolean> {
  switch (path.extname(file)) {
    case '.mcap': {
      const bag = await openBag(file);
      try {
        let messages = 0;
        const each = bag.messages();
        while (!(await each.next()).done) messages++;
        assert.deepEqual(bag.losses, [], `${file} is torn`);
        assert.ok(
          messages > 0 && messages === bag.messageCount,
          `${file} has ${messages} of ${bag.messageCount} messages`,
        );
      } finally {
        await bag.close();
      }
      return true;
    }
    case '.json':
      assert.doesNotThrow(() => JSON.parse(readFileSync(file, 'utf8')) as unknown, `${file} is torn`);
      return true;
    case '.jsonl': {
      const text = readFileSync(file, 'utf8');
      assert.ok(text === '' || text.endsWith('\n'), `${file} is torn`);
      for (const line of text.split('\n').filter(Boolean)) JSON.parse(line);
      return true;
    }
    case '.html':
      assert.match(readFileSync(file, 'utf8').slice(-100), /<\/html>\s*$/, `${file} is torn`);
      return true;
    case '.svg':
      assert.match(readFileSync(file, 'utf8').slice(-100), /<\/svg>\s*$/, `${file} is torn`);
      return true;
    case '.png':
      assert.equal(
        readFileSync(file).toString('latin1', statSync(file).size - 8, statSync(file).size - 4),
        'IEND',
        `${file} is torn`,
      );
      return true;
    default:
      return false;
  }
}

/** Files that must never change once they are there, by their inode: what were written a second time would be another file. */
export class Unchanging {
  readonly #inodes = new Map<string, number>();

  look(folder: string, names: readonly string[]): void {
    for (const name of names) {
      const { ino } = statSync(path.join(folder, name));
      assert.equal(this.#inodes.get(name) ?? ino, ino, `${name} was made twice`);
      this.#inodes.set(name, ino);
    }
  }

  get size(): number {
    return this.#inodes.size;
  }
}
