import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FAMILIES } from '../../../src/detector/families/index.js';
import { fieldsOf } from '../../../src/detector/manifestFieldList.js';
import { manifestSchema } from '../../../src/detector/manifestSchema.js';
import { modelDocument } from '../../../src/detector/modelDocument.js';
import { packageRoot } from '../../../src/packageRoot.js';

describe('docs/models.md', () => {
  it('is what the schema makes (node dist/src/detector/writeModelDocument.js)', () => {
    assert.equal(readFileSync(path.join(packageRoot, 'docs', 'models.md'), 'utf8'), modelDocument());
  });

  it('has a word on every field of every family', () => {
    assert.equal(FAMILIES.length, manifestSchema.options.length);
    for (const { name } of FAMILIES)
      for (const { path: field, text } of fieldsOf(name))
        if (!['input', 'outputs', 'anchors', 'classHead', 'training'].includes(field))
          assert.notEqual(text, '', `${name}: ${field}`);
  });
});
