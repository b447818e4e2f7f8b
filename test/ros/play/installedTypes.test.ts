import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installedTypeHash, messageType } from '../../../src/ros/play/installedTypes.js';

describe('installedTypeHash', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'msal-types-'));
  const prefixes = [path.join(root, 'overlay'), path.join(root, 'base')];
  const install = (prefix: string, file: string, text: string): void => {
    const folder = path.join(root, prefix, 'share', 'a_msgs', 'msg');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };

  before(() => {
    const described = (hash: string): string =>
      JSON.stringify({ type_hashes: [{ type_name: 'a_msgs/msg/B', hash_string: hash }] });
    install('base', 'B.json', described('RIHS01_base'));
    install('overlay', 'B.json', described('RIHS01_overlay'));
    install('base', 'Old.idl', 'module a_msgs {};');
    writeFileSync(path.join(root, 'secret.json'), described('RIHS01_secret'));
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  it('finds the first prefix that has the message', () => {
    assert.equal(installedTypeHash('a_msgs/msg/B', prefixes), 'RIHS01_overlay');
    assert.equal(installedTypeHash('a_msgs/msg/B', prefixes.slice(1)), 'RIHS01_base');
  });

  it('tells a message without a hash from one that is not installed', () => {
    assert.equal(installedTypeHash('a_msgs/msg/Old', prefixes), '');
    assert.equal(installedTypeHash('a_msgs/msg/Unknown', prefixes), undefined);
  });

  it('takes nothing for a type that leads out of the message folders', () => {
    for (const type of [
      '../../secret',
      'a_msgs/msg/../../../secret',
      'a_msgs/msg/../../../../secret',
      'B',
      'a/srv/B',
      '',
    ])
      assert.equal(installedTypeHash(type, prefixes), undefined, type);
    assert.equal(messageType('a_msgs/msg/B/..'), undefined);
  });
});
