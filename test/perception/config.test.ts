import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ExpectedError } from '../../src/errors.js';
import { packageRoot } from '../../src/packageRoot.js';
import { bandsOf, defaultConfig, loadConfig, parseConfig, syncOptionsOf } from '../../src/perception/config.js';
import { perceptionSchema } from '../../src/perception/configSchema.js';
import { SPECTRA } from '../../src/spectrum.js';

function refusal(yaml: string): string {
  try {
    parseConfig(yaml, 'drive.yaml');
  } catch (error) {
    assert.ok(error instanceof ExpectedError);
    assert.equal(error.kind, 'usage');
    return error.message;
  }
  return assert.fail('was accepted');
}

describe('parseConfig', () => {
  it('fills in what is left out', () => {
    const config = parseConfig('cameras: { fir: { model: fir.json } }', '/drive/config.yaml');
    assert.deepEqual(bandsOf(config), ['fir']);
    assert.equal(config.cameras.fir?.model, '/drive/fir.json');
    assert.equal(config.cameras.fir?.intensity.rule, 'percentiles');
    assert.equal(config.detection.scoreThreshold, 0.3);
    assert.deepEqual(config.execution, { mode: 'throughput', providers: ['cpu'] });
  });

  it('takes model paths from the folder of the file, absolute ones as they are', () => {
    const config = parseConfig(
      'cameras: { rgb: { model: ../m/rgb.json }, nir: { model: /abs/nir.json } }',
      '/a/b/c.yaml',
    );
    assert.equal(config.cameras.rgb?.model, '/a/m/rgb.json');
    assert.equal(config.cameras.nir?.model, '/abs/nir.json');
  });

  const refused: readonly (readonly [name: string, yaml: string, ...parts: RegExp[]])[] = [
    [
      'a value out of range, with its line',
      'cameras:\n  fir: { model: fir.json }\ndetection:\n  iouThreshold: 0.5\n  scoreThreshold: 1.5\n',
      /^drive\.yaml:5: detection\.scoreThreshold: /,
    ],
    [
      'a field that does not exist, with its line',
      'cameras:\n  fir:\n    model: fir.json\n    topics: /fir\n',
      /^drive\.yaml:4: cameras\.fir\.topics: no such field$/,
    ],
    ['a band that does not exist', 'cameras:\n  uv: { model: uv.json }\n', /drive\.yaml:2: cameras\.uv/],
    ['a missing field, at its parent', 'cameras:\n  fir:\n    topic: /fir\n', /^drive\.yaml:2: cameras\.fir\.model: /],
    ['no cameras', 'cameras: {}\n', /^drive\.yaml:1: cameras: name at least one of rgb, nir, mir, fir$/],
    ['an empty file', '', /^drive\.yaml: cameras: /],
    ['text', 'hello', /^drive\.yaml: \(whole file\): /],
    ['a wrong word', 'cameras: { fir: { model: a } }\nexecution: { mode: fast }', /^drive\.yaml:2: execution\.mode: /],
    [
      'an unknown provider',
      'cameras: { fir: { model: a } }\nexecution:\n  providers:\n    - cpu\n    - rocm\n',
      /^drive\.yaml:5: execution\.providers\.1: /,
    ],
    [
      'a bad intensity rule',
      'cameras:\n  fir:\n    model: a\n    intensity: { rule: fixed, low: 5, high: 5 }\n',
      /^drive\.yaml:4: cameras\.fir\.intensity\.high: high must be greater than low/,
    ],
    [
      'every offending field',
      'cameras: { fir: {} }\nsynchronization: { queueSize: 0, waitMs: .nan }',
      /fir\.model/,
      /queueSize/,
      /waitMs/,
    ],
    [
      'a homography that has no inverse',
      'cameras: { fir: { model: a } }\nfusion:\n  homographies:\n    nir: [1, 0, 0, 0, 1, 0, 0, 0, 1]\n    fir: [1, 2, 3, 2, 4, 6, 0, 0, 1]\n',
      /^drive\.yaml:5: fusion\.homographies\.fir: these nine numbers are a singular matrix/,
    ],
    [
      'a homography of eight numbers',
      'cameras: { fir: { model: a } }\nfusion: { homographies: { fir: [1, 0, 0, 0, 1, 0, 0, 0] } }',
      /fusion\.homographies\.fir: a homography has nine numbers/,
    ],
    [
      'a fusion without any map',
      'cameras: { fir: { model: a } }\nfusion: { homographies: {} }',
      /fusion\.homographies: name the map of at least one band other than rgb/,
    ],
    [
      'a map from the reference view to itself',
      'cameras: { fir: { model: a } }\nfusion: { reference: fir, homographies: { fir: [1, 0, 0, 0, 1, 0, 0, 0, 1] } }',
      /fusion\.homographies\.fir: fir is the reference view/,
    ],
    ['bad YAML', 'cameras:\n  fir: [1\n', /^drive\.yaml:\d+: not valid YAML: /],
    [
      'a field given twice',
      'cameras: { fir: { model: a } }\ncameras: { rgb: { model: a } }',
      /^drive\.yaml:2: not valid YAML: .*unique/,
    ],
    [
      'aliases that multiply',
      `a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n${['b', 'c', 'd', 'e']
        .map(
          (key, i) =>
            `${key}: &${key} [${Array(10)
              .fill(`*${'abcd'.charAt(i)}`)
              .join(', ')}]`,
        )
        .join('\n')}\n`,
      /alias/,
    ],
  ];
  for (const [name, yaml, ...parts] of refused) {
    it(`refuses ${name}`, () => {
      const message = refusal(yaml);
      for (const part of parts) assert.match(message, part);
    });
  }

  it('shows ten problems and the number of the others', () => {
    const fields = Array.from({ length: 13 }, (_, i) => `x${i}: 1`).join('\n');
    assert.match(refusal(`cameras: { fir: { model: a } }\n${fields}`), /x9: no such field \(and 3 more\)$/);
  });
});

describe('loadConfig', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'config-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('names a file that is not there', async () => {
    const file = path.join(folder, 'absent.yaml');
    await assert.rejects(loadConfig(file), (error) => error instanceof ExpectedError && error.message.includes(file));
  });

  it('refuses a file that is no configuration by its size', async () => {
    const file = path.join(folder, 'large.yaml');
    await writeFile(file, '#'.repeat((1 << 20) + 1));
    await assert.rejects(loadConfig(file), /larger than 1048576 bytes/);
  });

  for (const [name, mode] of [
    ['replay.yaml', 'throughput'],
    ['perception.yaml', 'latency'],
  ] as const) {
    it(`config/${name} states the defaults, and every field`, async () => {
      const file = path.join(packageRoot, 'config', name);
      const config = await loadConfig(file);
      for (const camera of Object.values(config.cameras)) delete camera.topic;
      assert.deepEqual(config, defaultConfig(mode));
      const text = await readFile(file, 'utf8');
      for (const field of fieldsOf(z.toJSONSchema(perceptionSchema, { io: 'input' }))) {
        if (field === 'low' || field === 'high') continue; // of the other intensity rule; named in its comment
        assert.match(text, new RegExp(`^\\s*(# )?${field}:`, 'm'), `${name} does not mention ${field}`);
      }
      assert.ok(text.includes('`low` to `high`'));
    });
  }

  it('config/perception.yaml names the topics of all bands', async () => {
    const text = await readFile(path.join(packageRoot, 'config', 'perception.yaml'), 'utf8');
    const { cameras } = parse(text) as { cameras: Record<string, { topic: string }> };
    assert.deepEqual(Object.keys(cameras), [...SPECTRA]);
    for (const spectrum of SPECTRA) assert.equal(cameras[spectrum]?.topic, `/camera/${spectrum}/image_raw`);
  });
});

describe('perceptionSchema', () => {
  it('describes every field', () => {
    const undescribed: string[] = [];
    const visit = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, anyOf, oneOf, additionalProperties } = node as Record<string, unknown>;
      for (const [key, child] of Object.entries((properties ?? {}) as Record<string, object>)) {
        if (!('description' in child) && key !== 'rule') undescribed.push(`${at}.${key}`);
        visit(child, `${at}.${key}`);
      }
      for (const option of [...((anyOf ?? []) as unknown[]), ...((oneOf ?? []) as unknown[])]) visit(option, at);
      visit(additionalProperties, `${at}.*`);
    };
    visit(z.toJSONSchema(perceptionSchema, { io: 'input' }), '');
    assert.deepEqual(undescribed, []);
  });
});

describe('syncOptionsOf', () => {
  it('gives nanoseconds and the configured bands', () => {
    const config = parseConfig(
      'cameras: { fir: { model: a }, rgb: { model: a } }\nsynchronization: { maxSkewMs: 16.6, policy: exact }',
      'drive.yaml',
    );
    assert.deepEqual(syncOptionsOf(config), {
      expected: ['rgb', 'fir'],
      policy: 'exact',
      queueSize: 10,
      maxSkewNs: 16_600_000n,
      waitNs: 100_000_000n,
      absentAfterNs: 1_000_000_000n,
      clockJumpNs: 1_000_000_000n,
    });
    assert.deepEqual(syncOptionsOf(config, ['fir']).expected, ['fir']);
  });
});

/** Names of all fields that hold no further fields. */
function fieldsOf(schema: unknown): Set<string> {
  const fields = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties, anyOf, oneOf, additionalProperties } = node as Record<string, unknown>;
    for (const [key, child] of Object.entries((properties ?? {}) as Record<string, object>)) {
      fields.add(key);
      visit(child);
    }
    for (const option of [...((anyOf ?? []) as unknown[]), ...((oneOf ?? []) as unknown[])]) visit(option);
    visit(additionalProperties);
  };
  visit(schema);
  return fields;
}
