import assert from 'node:assert/strict';
import { ExpectedError } from '../src/errors.js';
import { namingOutput } from '../src/outputError.js';

function failing(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(`${code}: refused`), { code }));
}

describe('namingOutput', () => {
  it('names the file and what to do when the disk is full', async () => {
    await assert.rejects(namingOutput('/data/report.html', failing('ENOSPC')), (error) => {
      assert.ok(error instanceof ExpectedError);
      assert.equal(error.kind, 'output');
      assert.equal(error.message, 'cannot write /data/report.html: ENOSPC: refused');
      assert.match(error.remedy, /free some space/);
      return true;
    });
  });

  it('lets defects through as they are', async () => {
    await assert.rejects(namingOutput('/data/report.html', failing('ERR_BUFFER_OUT_OF_BOUNDS')), {
      name: 'Error',
      message: 'ERR_BUFFER_OUT_OF_BOUNDS: refused',
    });
  });
});
