import assert from 'node:assert/strict';
import { philox, uniforms } from '../../../src/explain/masks/philox.js';

const ALL = 0xffffffff;

describe('Philox4x32-10', () => {
  it('gives the published numbers', () => {
    // Known answers of the authors' Random123 library.
    const known = [
      { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
      { counter: [ALL, ALL, ALL, ALL], key: [ALL, ALL], words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd] },
      {
        counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        key: [0xa4093822, 0x299f31d0],
        words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
      },
    ] as const;
    for (const { counter, key, words } of known) {
      const into = new Uint32Array(4);
      philox(counter, key, into);
      assert.deepEqual([...into], [...words]);
    }
  });

  it('makes numbers in (0, 1) that depend on seed, stream and index, and on nothing else', () => {
    const numbers = uniforms(5, 1, 2 ** 40 + 3, 1001);
    assert.ok(numbers.every((u) => u > 0 && u < 1));
    assert.deepEqual(uniforms(5, 1, 2 ** 40 + 3, 1001), numbers);
    assert.deepEqual(uniforms(5, 1, 2 ** 40 + 3, 7), numbers.slice(0, 7));
    for (const other of [uniforms(6, 1, 2 ** 40 + 3, 4), uniforms(5, 2, 2 ** 40 + 3, 4), uniforms(5, 1, 3, 4)])
      assert.notDeepEqual(other, numbers.slice(0, 4));
    const mean = numbers.reduce((sum, u) => sum + u, 0) / numbers.length;
    assert.ok(Math.abs(mean - 0.5) < 5 / Math.sqrt(12 * numbers.length));
  });
});
