import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import fc from 'fast-check';
import { generateDataset, planDrives, type GenerateOptions } from '../../scenes/generate.js';
import { loadCoco } from '../../scenes/loadCoco.js';
import { loadMil } from '../../scenes/loadMil.js';
import { encodePng } from '../../scenes/png.js';
import { homographyFromRgb, homographyToRgb, REGISTRATION_DISTANCE } from '../../scenes/registration.js';
import { placeRig } from '../../scenes/rig.js';
import { decodeMask, encodeMask, type RunLengthMask } from '../../scenes/runLength.js';
import { transformPoint } from '../../../src/geometry/homography.js';
import { SPECTRA } from '../../../src/spectrum.js';

describe('PNG files', () => {
  it('are read back by fast-png sample for sample, 8 and 16 bit, grey and colour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1 as const, 3 as const),
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: 0, max: 65535 })),
        (width, height, channels, deep, stream) => {
          const samples = [...stream.take(width * height * channels)];
          const data = deep ? Uint16Array.from(samples) : Uint8Array.from(samples);
          const picture = decode(encodePng(width, height, channels, data));
          assert.deepEqual([picture.width, picture.height, picture.depth], [width, height, deep ? 16 : 8]);
          assert.deepEqual([...picture.data], [...data]);
        },
      ),
    );
  });

  it('refuse pixels that do not fill the picture', () => {
    assert.throws(() => encodePng(2, 2, 3, new Uint8Array(11)), RangeError);
  });
});

describe('run-length masks', () => {
  it('match pycocotools’ text for known masks', () => {
    // pycocotools.mask.encode of these arrays.
    const square = new Uint8Array(36);
    for (const y of [2, 3]) for (const x of [1, 2, 3]) square[y * 6 + x] = 1;
    assert.equal(encodeMask(square, 6, 6, 1, { x1: 1, y1: 2, x2: 4, y2: 4 }).counts, '824000:');
    const long = new Uint8Array(100 * 80);
    for (let i = 0; i < long.length; i++) long[i] = i % 100 >= 37 && i % 100 < 90 ? 1 : 0;
    assert.equal(encodeMask(long, 100, 80, 1, { x1: 37, y1: 0, x2: 90, y2: 80 }).counts, '`l2`T4Pi0');
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 120 }),
        (width, cells) => {
          const height = Math.ceil(cells.length / width);
          const map = new Uint8Array(width * height);
          cells.forEach((inside, i) => (map[i] = inside ? 1 : 0));
          const mask = encodeMask(map, width, height, 1, { x1: 0, y1: 0, x2: width, y2: height });
          assert.deepEqual(decodeMask(mask), map);
        },
      ),
    );
  });

  it('are refused where they do not fit their picture', () => {
    const bad = (counts: string): RunLengthMask => ({ size: [2, 2], counts });
    assert.throws(() => decodeMask(bad('9')), RangeError);
    assert.throws(() => decodeMask(bad('1')), RangeError);
    assert.throws(() => decodeMask(bad('P')), RangeError);
  });
});

describe('registration', () => {
  it('takes what lies on the registration plane to the pixel where the RGB camera sees it', () => {
    const rig = placeRig(0, 0, 0, 0, 0);
    const see = (name: (typeof SPECTRA)[number], point: readonly number[]): [number, number] => {
      const { position, right, down, forward, lens } = rig[name];
      const along = (axis: readonly number[]): number =>
        axis.reduce((sum, a, i) => sum + a * (point[i] - position[i]), 0);
      return [
        lens.cx + (lens.focal * along(right)) / along(forward),
        lens.cy + (lens.focal * along(down)) / along(forward),
      ];
    };
    for (const spectrum of SPECTRA) {
      const h = homographyFromRgb(spectrum);
      for (const point of [
        [REGISTRATION_DISTANCE, 3, 0.2],
        [REGISTRATION_DISTANCE, -2, 2.5],
      ]) {
        const [x, y] = see('rgb', point);
        const [u, v, w] = [0, 3, 6].map((r) => h[r] * x + h[r + 1] * y + h[r + 2]) as [number, number, number];
        const [ex, ey] = see(spectrum, point);
        assert.ok(Math.abs(u / w - ex) < 1e-6 && Math.abs(v / w - ey) < 1e-6, `${spectrum}: ${u / w}, ${v / w}`);
        const back = transformPoint(homographyToRgb(spectrum), { x: ex, y: ey });
        assert.ok(Math.hypot(back.x - x, back.y - y) < 1e-6, `${spectrum}: ${back.x}, ${back.y}`);
      }
    }
  });
});

describe('generated data sets', function () {
  this.timeout(120_000);
  let root = '';
  const options: GenerateOptions = {
    seed: 5,
    layout: 'coco',
    splits: { train: 3, test: 2 },
    framesPerDrive: 2,
    interval: 3,
    nightShare: 0.5,
    threads: 2,
    depth: 8,
  };
  before(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'msal-scenes-'));
    await generateDataset(path.join(root, 'coco'), options);
    await generateDataset(path.join(root, 'mil'), {
      ...options,
      layout: 'mil',
      splits: { train: 1, test: 1 },
      framesPerDrive: 1,
      threads: 1,
    });
  });
  after(() => rm(root, { recursive: true, force: true }));

  it('COCO: every picture is there and loads without anything skipped', async () => {
    for (const [split, count] of [
      ['train', 3],
      ['test', 2],
    ] as const) {
      for (const spectrum of SPECTRA) {
        const { images, report } = await loadCoco(path.join(root, 'coco', split, spectrum, 'annotations.json'));
        assert.deepEqual(report.entries(), []);
        assert.equal(images.length, count);
        for (const { file, width, height } of images) {
          const picture = decode(readFileSync(file));
          assert.deepEqual([picture.width, picture.height], [width, height]);
        }
      }
    }
  });

  it('the same pictures come from other thread counts and from a run that goes on after an interruption', async () => {
    const file = path.join(root, 'coco/train/mir/images/train-0000-001.png');
    const annotations = path.join(root, 'coco/train/mir/annotations.json');
    const [picture, truth] = [readFileSync(file), readFileSync(annotations, 'utf8')];
    await rm(file);
    await rm(annotations);
    await generateDataset(path.join(root, 'coco'), { ...options, threads: 1 });
    assert.ok(readFileSync(file).equals(picture));
    assert.equal(readFileSync(annotations, 'utf8'), truth);
  });

  it('the study’s layout loads with all bands, and its registered pictures share the RGB size', async () => {
    const { sets, report } = await loadMil(path.join(root, 'mil'));
    assert.deepEqual(report.entries(), []);
    assert.equal(sets.length, 2);
    const registered = await loadMil(path.join(root, 'mil'), {
      images: 'registered/{spectrum}/images',
      annotations: 'registered/{spectrum}/annotations',
    });
    for (const { views } of registered.sets) {
      for (const spectrum of SPECTRA) {
        const view = views[spectrum];
        assert.deepEqual([view?.width, view?.height], [640, 480]);
        assert.deepEqual(view?.objects, views.rgb?.objects);
        assert.equal(decode(readFileSync(view?.file ?? '')).width, 640);
      }
    }
  });

  it('plans no drive into two splits, half of them by night', () => {
    const drives = planDrives({ ...options, splits: { train: 400, test: 100 }, framesPerDrive: 10 });
    const seeds = drives.map(([job]) => job?.drive.seed);
    assert.equal(new Set(seeds).size, 50);
    assert.equal(drives.filter(([job]) => job?.drive.night).length, 25);
    assert.equal(drives.flat().length, 500);
  });

  it('plans no drive of another seed that the drives of seed 1 have: what is tested with was not trained with', () => {
    const seedsOf = (seed: number, train: number, test: number): number[] =>
      planDrives({ ...options, seed, splits: { train, test }, framesPerDrive: 8 }).map(([job]) => job?.drive.seed ?? 0);
    const trained = new Set(seedsOf(1, 4000, 4000));
    for (const seed of [2, 2026]) assert.equal(seedsOf(seed, 0, 800).filter((own) => trained.has(own)).length, 0);
  });
});
