import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../src/packageRoot.js';

/** The number that a constant or field of a source file is set to. */
function valueOf(source: string, name: string): number {
  const expression = new RegExp(`\\b${name}(?::| =) ([\\d_*+<MIB ]+)[;,} ]`).exec(source)?.[1];
  assert.ok(expression, `${name} is set to a number`);
  const factors = expression.trim().split(' * ');
  return factors.reduce((product, factor) => {
    if (factor === 'MIB') return product * 2 ** 20;
    const [base, shift = '0'] = factor.replaceAll('_', '').split(' << ');
    return product * Number(base) * 2 ** Number(shift);
  }, 1);
}

function parse(text: string): number {
  const [number, unit = ''] = text.split(' ');
  const power = ['', 'KiB', 'MiB', 'GiB'].indexOf(unit);
  assert.ok(power >= 0, text);
  return Number(number.replaceAll(',', '')) * 1024 ** power;
}

describe('docs/limits.md', () => {
  it('gives every limit as the source has it', async () => {
    const page = await readFile(path.join(packageRoot, 'docs/limits.md'), 'utf8');
    const rows = [...page.matchAll(/^\| .+? \| ([^|]+) \| [^|]+ \| `(src\/[^`]+)` `(\w+)` \|$/gm)];
    assert.equal(rows.length, 29);
    for (const [, value, file, name] of rows) {
      const source = await readFile(path.join(packageRoot, file), 'utf8');
      assert.equal(parse(value), valueOf(source, name), `${name} in ${file}`);
    }
  });
});
