import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { killRuns } from '../../kills/killRuns.js';
import { makeSubject, type SubjectName } from '../../kills/subjects.js';

/** A few of the kills of `npm run kills`. */
describe('kill -9 at a random moment', function () {
  this.timeout(600_000);
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'msal-kills-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const few: Readonly<Record<SubjectName, number>> = { explain: 5, perception: 3, replay: 2, evaluate: 2 };
  for (const [name, kills] of Object.entries(few) as [SubjectName, number][])
    it(`loses nothing and tears nothing: ${name}`, async () => {
      const subject = await makeSubject(name, folder, 1);
      // Wherever it is killed, this has to hold: another moment in every run.
      const seed = Date.now() % 1_000_000;
      const row = await killRuns(subject, kills, seed);
      assert.deepEqual(row.failures, [], `seed ${seed}`);
      assert.equal(row.kills, kills, `seed ${seed}`);
    });
});
