import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { loadCoco } from '../../scenes/loadCoco.js';
import { loadMil, splitSeeded } from '../../scenes/loadMil.js';
import { loadVoc } from '../../scenes/loadVoc.js';
import { formatVoc, parseVoc, VocError } from '../../scenes/vocXml.js';
import { ExpectedError } from '../../../src/errors.js';

describe('VOC files', () => {
  it('come back as they were written', () => {
    const side = fc.integer({ min: 0, max: 300 });
    const object = fc.record(
      {
        name: fc.constantFrom('Person', 'a & b', '<car>', '"x"'),
        box: fc.tuple(side, side).map(([x, y]) => ({ x1: x, y1: y, x2: x + 5, y2: y + 9 })),
        difficult: fc.boolean(),
        truncated: fc.boolean(),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(object, { maxLength: 4 }), (objects) => {
        const annotation = { fileName: '1.png', width: 640, height: 480, depth: 3, objects };
        assert.deepEqual(parseVoc(formatVoc(annotation)), annotation);
      }),
    );
  });

  it('with document types, entities, broken XML or nothing of VOC are refused', () => {
    const bomb =
      '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]><annotation><filename>&c;</filename></annotation>';
    for (const text of [
      bomb,
      '<annotation><size></annotation>',
      '<x/>',
      '',
      'no xml',
      `<annotation>${' '.repeat(5_000_000)}</annotation>`,
    ]) {
      assert.throws(() => parseVoc(text), VocError);
    }
  });

  it('survive any text: a VocError or an annotation', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseVoc(`<annotation>${text}</annotation>`);
        } catch (error) {
          assert.ok(error instanceof VocError, String(error));
        }
      }),
    );
  });
});

describe('loaders', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'msal-load-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  };
  const voc = (name: string, box: [number, number, number, number]): string =>
    `<annotation><filename>x</filename><size><width>100</width><height>80</height><depth>1</depth></size>
     <object><name>${name}</name><bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object></annotation>`;

  it('COCO: reports bad boxes, unknown classes, missing and escaping pictures, and keeps the rest', async () => {
    await write('set/a.png', 'x');
    await write('secret.png', 'x');
    const annotation = (image_id: number, category_id: number, bbox: number[]): object => ({
      image_id,
      category_id,
      bbox,
    });
    await write(
      'set/annotations.json',
      JSON.stringify({
        images: [
          { id: 1, file_name: 'a.png', width: 100, height: 80, time: 'night' },
          { id: 2, file_name: 'gone.png', width: 100, height: 80 },
          { id: 3, file_name: '../secret.png', width: 100, height: 80 },
          { id: 1, file_name: 'a.png', width: 100, height: 80 },
        ],
        annotations: [
          annotation(1, 7, [90, 70, 30, 30]),
          annotation(1, 7, [5, 5, 0, 3]),
          annotation(1, 7, [200, 5, 5, 3]),
          annotation(1, 7, [1, 2]),
          annotation(1, 8, [5, 5, 5, 5]),
          annotation(9, 7, [5, 5, 5, 5]),
        ],
        categories: [
          { id: 7, name: 'car' },
          { id: 8, name: 'ufo' },
        ],
      }),
    );
    const { images, report } = await loadCoco(path.join(root, 'set/annotations.json'), { classes: ['x', 'car'] });
    assert.equal(images.length, 1);
    assert.equal(images[0]?.time, 'night');
    assert.deepEqual(images[0]?.objects, [
      { label: 'car', classIndex: 1, box: { x1: 90, y1: 70, x2: 100, y2: 80 }, area: 900, ignore: false, crowd: false },
    ]);
    assert.deepEqual(Object.fromEntries(report.entries().map(({ reason, count }) => [reason, count])), {
      'bad box': 3,
      'unknown class': 1,
      'missing picture': 2,
      'path outside the data set': 1,
      'duplicate picture': 1,
    });
  });

  it('COCO: files that are none are an expected error that names the file', async () => {
    await write('a.json', '{"images": 3}');
    await write('b.json', 'nonsense');
    for (const name of ['a.json', 'b.json', 'missing.json']) {
      await assert.rejects(
        loadCoco(path.join(root, name)),
        (e) => e instanceof ExpectedError && e.message.includes(name),
      );
    }
  });

  it('VOC: reports what it skips', async () => {
    for (const id of ['1', '2', '3', '4', '5']) await write(`images/${id}.png`, 'x');
    await write('images/readme.txt', 'x');
    await write('xml/1.xml', voc('car', [1, 1, 10, 10]));
    await write('xml/2.xml', voc('car', [50, 10, 40, 20]));
    await write('xml/3.xml', voc('ufo', [1, 1, 10, 10]));
    await write('xml/4.xml', 'broken');
    const { images, report } = await loadVoc({
      images: path.join(root, 'images'),
      annotations: path.join(root, 'xml'),
    });
    assert.deepEqual(
      images.map(({ id, objects }) => [id, objects.length]),
      [
        ['1', 1],
        ['2', 0],
        ['3', 0],
      ],
    );
    assert.deepEqual(images[0]?.objects[0]?.box, { x1: 0, y1: 0, x2: 10, y2: 10 });
    assert.deepEqual(
      report
        .entries()
        .map(({ reason }) => reason)
        .sort(),
      ['bad annotation', 'bad box', 'missing annotation', 'unknown class'],
    );
  });

  it('the study’s data set: another layout, a band that lacks a picture, COCO boxes', async () => {
    await write('RGB_img/1.png', 'x');
    await write('RGB_img/2.png', 'x');
    await write('thermal_img/1.png', 'x');
    for (const band of ['RGB', 'thermal']) {
      await write(`${band}_box/1.xml`, voc('Person', [1, 1, 10, 10]));
      await write(`${band}_box/2.xml`, voc('Person', [1, 1, 10, 10]));
    }
    const layout = {
      images: '{spectrum}_img',
      annotations: '{spectrum}_box',
      spectrumNames: { rgb: 'RGB', fir: 'thermal' },
    };
    const { sets, report } = await loadMil(root, layout, ['rgb', 'fir']);
    assert.deepEqual(
      sets.map(({ id, views }) => [id, Object.keys(views)]),
      [
        ['1', ['rgb', 'fir']],
        ['2', ['rgb']],
      ],
    );
    assert.deepEqual(report.entries(), [{ reason: 'missing band', count: 1, examples: ['2: fir'] }]);
    await assert.rejects(loadMil(path.join(root, 'nowhere'), layout), ExpectedError);
  });

  it('the split is 1 : 4, the same for a seed whatever the order, and another for another seed', () => {
    const items = Array.from({ length: 200 }, (_, i) => ({ id: `picture ${i}` }));
    const { train, test } = splitSeeded(items, 1);
    assert.deepEqual([train.length, test.length], [160, 40]);
    const ids = (list: readonly { id: string }[]): string[] => list.map(({ id }) => id).sort();
    assert.deepEqual(ids(splitSeeded(items.toReversed(), 1).test), ids(test));
    assert.notDeepEqual(ids(splitSeeded(items, 2).test), ids(test));
    assert.equal(new Set([...ids(train), ...ids(test)]).size, 200);
  });
});
