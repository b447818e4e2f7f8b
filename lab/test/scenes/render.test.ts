import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { CLASSES } from '../../scenes/classes.js';
import { Drive, type View } from '../../scenes/drive.js';
import { cos, exp, sin } from '../../scenes/exactMath.js';
import { Random } from '../../scenes/random.js';
import { toEightBit } from '../../scenes/render/sensor.js';

const sha = (view: View): string => createHash('sha256').update(toEightBit(view.picture)).digest('hex').slice(0, 16);

const RECORDED_BITS = [3660143381, 165708510, 251307481];
const RECORDED_PICTURES = {
  day: ['a4a695f2f36d07a5', '725940d9a61e7561', 'f6f11bef5a1e6ea5', 'd96c07862ac04632'],
  night: ['7461424dcba26eda', '17ecdb0d7846e4d5', '9fbd82c343d15407', 'a6bf182a3b4f9d6c'],
};

describe('exact mathematics', () => {
  it('agrees with the engine’s functions to 1e-11', () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (x) => {
        assert.ok(Math.abs(sin(x) - Math.sin(x)) < 1e-11);
        assert.ok(Math.abs(cos(x) - Math.cos(x)) < 1e-11);
        assert.ok(Math.abs(exp(x / 20) / Math.exp(x / 20) - 1) < 1e-11);
      }),
    );
  });
});

describe('random stream', () => {
  it('gives the recorded numbers for a seed, and forks that do not depend on what was drawn before', () => {
    const random = new Random(7, 'test');
    const first = random.fork('branch').bits();
    const drawn = [random.bits(), random.bits(), random.bits()];
    assert.deepEqual(drawn, RECORDED_BITS);
    assert.equal(random.fork('branch').bits(), first);
    assert.notEqual(random.fork('other').bits(), first);
  });
});

describe('drive', function () {
  this.timeout(60_000);
  const day = new Drive({ seed: 3, night: false, duration: 20 });
  const night = new Drive({ seed: 1003, night: true, duration: 20 });
  const views = { day: day.render(11.1, 0), night: night.render(8.7, 0) };

  it('gives the recorded bytes for a seed, on every machine', () => {
    assert.deepEqual({ day: views.day.map(sha), night: views.night.map(sha) }, RECORDED_PICTURES);
  });

  it('gives the same picture whatever was rendered before, and another one for another seed', () => {
    const fresh = new Drive({ seed: 3, night: false, duration: 20 });
    assert.equal(sha(fresh.render(11.1, 0, ['nir'])[0]), sha(views.day[1]));
    const other = new Drive({ seed: 4, night: false, duration: 20 });
    assert.notEqual(sha(other.render(11.1, 0, ['nir'])[0]), sha(views.day[1]));
  });

  it('has the study’s resolutions', () => {
    assert.deepEqual(
      views.day.map(({ spectrum, width, height, picture }) => [spectrum, width, height, picture.channels]),
      [
        ['rgb', 640, 480, 3],
        ['nir', 320, 256, 1],
        ['mir', 320, 256, 1],
        ['fir', 640, 480, 1],
      ],
    );
  });

  it('boxes are the tight extents of the instance masks, pixel counts theirs', () => {
    for (const { width, height, objects, instances, tracks } of [...views.day, ...views.night]) {
      assert.ok(objects.length > 0);
      for (const { track, box, pixels, visibility, classIndex, label } of objects) {
        const value = tracks.indexOf(track) + 1;
        let [x1, y1, x2, y2, count] = [width, height, 0, 0, 0];
        instances.forEach((v, i) => {
          if (v !== value) return;
          const [x, y] = [i % width, Math.floor(i / width)];
          [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
          count++;
        });
        assert.deepEqual([box.x1, box.y1, box.x2, box.y2, pixels], [x1, y1, x2, y2, count]);
        assert.ok(visibility > 0 && visibility <= 1);
        assert.equal(CLASSES[classIndex], label);
      }
    }
  });

  it('tells truth without light exactly as with it', () => {
    assert.deepEqual(
      day.truth(11.1).map(({ objects }) => objects),
      views.day.map(({ objects }) => objects),
    );
  });

  it('moves people smoothly: a frame later they are near where they were', () => {
    const [before] = day.truth(5, ['rgb']);
    const [after] = day.truth(5.05, ['rgb']);
    let followed = 0;
    for (const { track, box, label, ignore } of before?.objects ?? []) {
      const next = after?.objects.find((o) => o.track === track);
      if (!next || label !== 'Person' || ignore) continue;
      followed++;
      assert.ok(Math.abs(next.box.x1 - box.x1) < 25 && Math.abs(next.box.y2 - box.y2) < 25);
    }
    assert.ok(followed > 0);
  });

  it('shows people at night plainly in the far infrared and hardly in colour', () => {
    const contrast: Record<string, number[]> = { rgb: [], fir: [] };
    for (let seed = 2000; seed < 2004; seed++) {
      const drive = new Drive({ seed, night: true, duration: 20 });
      for (const view of drive.render(9, 9, ['rgb', 'fir'])) {
        for (const { track, label, box, ignore } of view.objects) {
          if (ignore || label !== 'Person') continue;
          contrast[view.spectrum].push(contrastOf(view, view.tracks.indexOf(track) + 1, box));
        }
      }
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
    assert.ok((contrast['fir']?.length ?? 0) >= 5, 'too few people to judge by');
    const [fir, rgb] = [median(contrast['fir']), median(contrast['rgb'])];
    assert.ok(fir > 20 && rgb < 12 && fir > 2.5 * rgb, `median contrast ${fir} in FIR, ${rgb} in RGB`);
  });

  it('covers all nine classes over a few drives', () => {
    const seen = new Set<string>();
    for (let seed = 1; seed < 8 && seen.size < CLASSES.length; seed++) {
      const drive = new Drive({ seed, night: false, duration: 20 });
      for (const time of [4, 9, 14]) {
        for (const { label, ignore } of drive.truth(time, ['rgb'])[0]?.objects ?? []) if (!ignore) seen.add(label);
      }
    }
    assert.deepEqual([...seen].sort(), [...CLASSES].sort());
  });
});

/** Difference between a person's mean grey value and that of the rest of its box, 0 … 255. */
function contrastOf(
  { picture, instances, width }: View,
  value: number,
  box: { x1: number; y1: number; x2: number; y2: number },
): number {
  const bytes = toEightBit(picture);
  let [inside, outside, n, m] = [0, 0, 0, 0];
  for (let y = box.y1; y < box.y2; y++) {
    for (let x = box.x1; x < box.x2; x++) {
      const i = y * width + x;
      let grey = 0;
      for (let c = 0; c < picture.channels; c++) grey += bytes[i * picture.channels + c] / picture.channels;
      if (instances[i] === value) [inside, n] = [inside + grey, n + 1];
      else [outside, m] = [outside + grey, m + 1];
    }
  }
  return m === 0 ? 0 : Math.abs(inside / n - outside / m);
}
