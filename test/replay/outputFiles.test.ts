import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openOutputFolder } from '../../src/cli/outputFolder.js';
import { removeOld } from '../../src/replay/outputFiles.js';

describe('what an earlier replay left', () => {
  let folder: string;
  const put = (...names: string[]): void => {
    for (const name of names) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), 'x');
    }
  };

  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'msal-old-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('goes, and nothing else, also where a folder of somebody else’s is called as ours', async () => {
    const ours = ['annotated.mcap', '.unfinished-annotated.mcap', 'report.html', 'summary.json', 'tracks.jsonl'];
    const maps = ['explanation.json', '01-car.map.png', '02-_.error.npy', '.unfinished-01-car.overlay.png'];
    const foreign = ['explanations/my_thesis.docx', 'explanations/1700000000000000000.fir/notes.txt', 'drive.mcap'];
    put(...ours, ...maps.map((name) => `explanations/1700000000000000000.rgb/${name}`));
    put(...maps.map((name) => `explanations/1700000000000000000.fir/${name}`), ...foreign);
    put('explanations/pictures.rgb/01-car.map.png');
    await removeOld(folder);
    assert.deepEqual(
      readdirSync(folder, { recursive: true }).map(String).sort(),
      [...foreign, 'explanations', 'explanations/1700000000000000000.fir', 'explanations/pictures.rgb']
        .concat('explanations/pictures.rgb/01-car.map.png')
        .sort(),
    );
    await removeOld(path.join(folder, 'none'));
  });

  it('leaves no empty folder where everything was ours, and needs no --overwrite where only torn files are left', async () => {
    put('explanations/1700000000000000000.rgb/explanation.json', '.unfinished-report.html.numbers');
    await assert.rejects(openOutputFolder(folder, false), { kind: 'output' });
    await removeOld(folder);
    assert.deepEqual(readdirSync(folder), []);
    put('.unfinished-annotated.mcap');
    assert.equal(await openOutputFolder(folder, false), folder);
    assert.ok(existsSync(path.join(folder, '.unfinished-annotated.mcap')));
  });
});
