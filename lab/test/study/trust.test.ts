import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Random } from '../../scenes/random.js';
import type { LabelledImage } from '../../scenes/labelled.js';
import type { ModelManifest } from '../../../src/detector/manifest.js';
import { fusionSchema } from '../../../src/fusion/fusionSchema.js';
import type { Spectrum } from '../../../src/spectrum.js';
import { trustStatement } from '../../study/publish/trustStatement.js';
import { bandEvidence } from '../../study/trust/bandEvidence.js';
import { TRUST_FIGURES, trustQuestions } from '../../study/trust/figures.js';
import type { TrustPicture, TrustPlan } from '../../study/trust/plan.js';
import type { TrustDetection, TrustRecord } from '../../study/trust/record.js';
import { trustResults, type TrustResults } from '../../study/trust/results.js';
import { trustSamples } from '../../study/trust/samples.js';
import { trackEvidence } from '../../study/trust/trackEvidence.js';

const square = (x: number, y: number, side: number) => ({ x1: x, y1: y, x2: x + side, y2: y + side });
const box = (x: number, score = 0.5, className = 'car') => ({ className, score, box: square(x, 0, 10) });

describe('trackEvidence', () => {
  it('by hand: followed over three frames, lost, and new', () => {
    const [first, second, third, fourth, fifth] = trackEvidence([
      [box(0, 0.9)],
      [box(1, 0.8), box(50, 0.7)],
      [box(50, 0.6), box(2, 0.5)],
      [box(3, 0.4)],
      [box(4, 0.3), box(50, 0.2)],
    ]);
    assert.deepEqual(first, [undefined]);
    // Moved by 1 of 10: 90 of 110 are shared.
    assert.deepEqual(second, [
      { followed: 1, overlap: 90 / 110, score: 0.9 },
      { followed: 0, overlap: 0, score: 0 },
    ]);
    const near = (actual: number | undefined, expected: number): void =>
      assert.ok(Math.abs((actual ?? NaN) - expected) < 1e-12, `${actual} is not ${expected}`);
    assert.deepEqual(third[0], { followed: 1 / 2, overlap: 1, score: 0.35 });
    near(third[1]?.score, (0.8 + 0.9) / 2);
    near(fourth[0]?.followed, 1);
    near(fourth[0]?.score, (0.5 + 0.8 + 0.9) / 3);
    // Only the last three frames count.
    near(fifth[0]?.score, (0.4 + 0.5 + 0.8) / 3);
    assert.deepEqual(fifth[1], { followed: 0, overlap: 0, score: 0 });
  });

  it('follows one box of its class only, the better one first', () => {
    const [, second] = trackEvidence([[box(0, 0.9)], [box(1, 0.5), box(2, 0.8), box(0, 0.9, 'bike')]]);
    assert.deepEqual(
      second.map((evidence) => evidence?.followed),
      [0, 1, 0],
    );
  });

  it('knows nothing of later frames', () => {
    const frame = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 2, maxLength: 5 }), (frames) => {
        const boxes = frames.map((own) => own.map(([x, score]) => box(x, score)));
        assert.deepEqual(trackEvidence(boxes.slice(0, -1)), trackEvidence(boxes).slice(0, -1));
        for (const evidence of trackEvidence(boxes).flat())
          assert.ok(!evidence || (evidence.followed >= 0 && evidence.followed <= 1 && evidence.score <= 1));
      }),
    );
  });
});

const CLASSES = ['car', 'bike'];
const SIZE = { width: 640, height: 480 };
const attention = { energyInBox: 0.5, energyGain: 3, peakInBox: 1 };
const masked = { rise: attention, found: 0.5, meanScore: 0.2 };

function detection(over: Partial<TrustDetection>): TrustDetection {
  return { ...box(0), gradCam: { study: attention, usual: attention }, live: masked, ...over };
}

interface Shown {
  readonly spectrum: Spectrum;
  readonly image: Partial<LabelledImage> & { readonly id: string };
  readonly detections: readonly TrustDetection[];
}

/** A plan and records as if networks had found this. */
function found(shown: readonly Shown[]): { plan: TrustPlan; records: TrustRecord[] } {
  const spectra = [...new Set(shown.map(({ spectrum }) => spectrum))];
  const networks = spectra.map((spectrum) => ({
    manifestPath: '',
    // Of a manifest nothing else is read here.
    manifest: {
      name: `net-${spectrum}`,
      sha256: 'abc',
      spectra: [spectrum],
      classes: CLASSES,
    } as unknown as ModelManifest,
    spectrum,
  }));
  const pictures = shown.map(({ spectrum, image }): TrustPicture => {
    const whole = { file: '', ...SIZE, objects: [], ...image };
    return { network: spectra.indexOf(spectrum), spectrum, image: whole, full: false };
  });
  const settings = { seed: 1, minimumScore: 0.15, liveMasks: 1, masks: 1, survivalMasks: 1, fullPictures: 0 };
  const fusion = fusionSchema.parse({ homographies: { fir: [1, 0, 100, 0, 1, 0, 0, 0, 1] } });
  const records = shown.map(({ spectrum, image, detections }): TrustRecord => {
    const cost = { busyMs: 0, livePasses: 0, fullPasses: 0 };
    return { network: `net-${spectrum}`, spectrum, image: image.id, detections: [...detections], cost };
  });
  return { plan: { settings, fusion, networks, pictures, identity: 'test' }, records };
}

describe('bandEvidence', () => {
  it('by hand: supported by the registered box of the other camera, silent, and alone', () => {
    const at = (x: number, score: number): TrustDetection => detection({ score, box: square(x, 100, 40) });
    const { plan, records } = found([
      // 100 pixels further left in the FIR camera.
      { spectrum: 'rgb', image: { id: 'a' }, detections: [at(300, 0.8), at(500, 0.6)] },
      { spectrum: 'fir', image: { id: 'a' }, detections: [at(200, 0.4)] },
      { spectrum: 'rgb', image: { id: 'b' }, detections: [at(300, 0.9)] },
    ]);
    const [rgb, fir, alone] = bandEvidence(plan, records);
    const near = (actual: number | undefined, expected: number): void =>
      assert.ok(Math.abs((actual ?? NaN) - expected) < 1e-12, `${actual} is not ${expected}`);
    assert.deepEqual([rgb[0]?.support, rgb[0]?.agreement, rgb[0]?.otherScore], [1, 1, 0.4]);
    near(rgb[0]?.fusedScore, 0.6);
    // FIR should see the second one too, and has nothing there: half of the mean score.
    assert.deepEqual([rgb[1]?.support, rgb[1]?.agreement, rgb[1]?.otherScore], [0, 0.5, 0]);
    near(rgb[1]?.fusedScore, 0.3);
    assert.equal(fir[0]?.otherScore, 0.8);
    assert.deepEqual(alone, [undefined]);
  });
});

describe('trustSamples', () => {
  it('judges as COCO, and follows boxes where frames are numbered without a gap', () => {
    const car = { label: 'car', classIndex: 99, box: square(0, 0, 10), area: 100, ignore: false, crowd: false };
    const drive = (frame: number) => ({ id: `d-${frame}`, drive: 'd', frame, objects: [car] });
    const { plan, records } = found([
      { spectrum: 'rgb', image: drive(0), detections: [detection({})] },
      { spectrum: 'rgb', image: drive(2), detections: [detection({}), detection(box(3, 0.2))] },
      { spectrum: 'rgb', image: drive(1), detections: [detection(box(0, 0.5, 'bike')), detection({})] },
      { spectrum: 'rgb', image: drive(4), detections: [detection({})] },
      {
        spectrum: 'rgb',
        image: { id: 'other', objects: [{ ...car, ignore: true }] },
        detections: [detection({})],
      },
    ]);
    const samples = trustSamples(plan, records);
    assert.deepEqual(
      samples.map(({ image, verdict, group }) => [image, verdict, group]),
      [
        ['d-0', 'true', 'd'],
        ['d-2', 'true', 'd'],
        ['d-2', 'false', 'd'],
        ['d-1', 'false', 'd'],
        ['d-1', 'true', 'd'],
        ['d-4', 'true', 'd'],
        ['other', 'ignored', 'other'],
      ],
    );
    assert.deepEqual(
      samples.map(({ track }) => track?.followed),
      [undefined, 1, 0, 0, 1, undefined, undefined],
    );
    assert.equal(samples[0].boxShare, 100 / (640 * 480));
  });
});

/** Drives of detections whose truth hangs on the score, and on `hidden` as `figures` tells it. */
function drives(figures: (hidden: number, size: number, random: Random) => Partial<TrustDetection>, bySize = false) {
  const random = new Random(7, 'drives');
  const shown: Shown[] = [];
  for (let drive = 0; drive < 24; drive++)
    for (let frame = 0; frame < 14; frame++) {
      const hidden = random.gaussian();
      const size = 20 + 200 * random.next();
      const score = 0.2 + 0.7 * random.next();
      const speaks = bySize ? (size - 120) / 40 : hidden;
      const isTrue = random.next() < 1 / (1 + Math.exp(-(4 * (score - 0.55) + 1.5 * speaks)));
      const place = square(0, 0, size);
      const car = { label: 'car', classIndex: 0, box: place, area: size ** 2, ignore: false, crowd: false };
      shown.push({
        spectrum: 'rgb',
        image: { id: `${drive}-${frame}`, drive: String(drive), objects: isTrue ? [car] : [] },
        detections: [detection({ score, box: place, ...figures(hidden, size, random) })],
      });
    }
  return found(shown);
}

describe('trustResults', function () {
  this.timeout(600_000);
  const resultsOf = async ({ plan, records }: ReturnType<typeof drives>): Promise<TrustResults> =>
    (await trustResults(plan, records)).results;
  const rowOf = (results: TrustResults, name: string) => {
    const row = results.rows.find((other) => other.name === name);
    assert.ok(row, name);
    return row;
  };

  it('finds the figure that adds to the score, and no other one', async () => {
    const results = await resultsOf(
      drives((hidden, _, random) => ({ live: { ...masked, found: hidden, meanScore: random.next() } })),
    );
    const { gain, gainBeyondContext, score, withScore, detections, drives: groups } = rowOf(results, 'liveFound');
    assert.deepEqual([detections, groups], [24 * 14, 24]);
    assert.ok(gain.adds && gainBeyondContext.adds && gain.pCorrected < 0.05);
    assert.ok(Math.abs(gain.auroc.value - (withScore.auroc.value - score.auroc.value)) < 1e-12);
    assert.ok(Math.abs(gain.brier.value - (score.brier.value - withScore.brier.value)) < 1e-12);
    assert.ok(gain.auroc.value > 0.03 && gain.auroc.interval && gain.auroc.interval.low > 0);
    for (const name of ['noise', 'liveScoreKept', 'studyEnergyInBox', 'boxShare'])
      assert.equal(rowOf(results, name).gain.adds, false, name);
    // A figure that is the same for all tells nothing and changes nothing but by rounding.
    assert.ok(Math.abs(rowOf(results, 'studyPeakInBox').gain.auroc.value) < 1e-9);
    assert.equal(rowOf(results, 'studyPeakInBox').alone.auroc.value, 0.5);
    const text = trustStatement(results).join('\n');
    assert.match(text, /What adds to the score.*so may be called trust\*\*: Live RISE: found again \(\+0\.\d+, /);
    assert.ok(results.unanswered.includes('Frames: followed'));
  });

  it('says so where nothing adds', async () => {
    const results = await resultsOf(drives(() => ({})));
    assert.equal(results.rows.filter(({ gain }) => gain.adds).length, 0);
    assert.match(trustStatement(results).join('\n'), /No figure adds anything .* None may be called trust/);
  });

  it('calls nothing trust that the size of the box tells as well', async () => {
    const results = await resultsOf(drives((_, size) => ({ live: { ...masked, found: Math.log(size) } }), true));
    const { gain, gainBeyondContext } = rowOf(results, 'liveFound');
    assert.deepEqual([gain.adds, gainBeyondContext.adds], [true, false]);
    const text = trustStatement(results).join('\n');
    assert.match(text, /None may be called trust/);
    assert.match(
      text,
      /not shown to add anything once size, class and spectrum of the box are known: .*Live RISE: found again/,
    );
  });

  it('warns where even the random number seems to add', async () => {
    const { plan, records } = drives(() => ({}));
    const few = records.slice(0, 28);
    const { results } = await trustResults({ ...plan, pictures: plan.pictures.slice(0, 28) }, few);
    assert.doesNotMatch(trustStatement(results).join('\n'), /Even the random number/);
    const rows = results.rows.map((row) =>
      row.name === 'noise' ? { ...row, gain: { ...row.gain, adds: true } } : row,
    );
    assert.match(trustStatement({ ...results, rows }).join('\n'), /Even the random number/);
  });

  it('has no answers without false detections', async () => {
    const { plan, records } = found([
      { spectrum: 'rgb', image: { id: 'a', objects: [] }, detections: [detection({})] },
      { spectrum: 'rgb', image: { id: 'b', objects: [] }, detections: [] },
    ]);
    const { results } = await trustResults(plan, records);
    assert.deepEqual([results.rows, results.rawScore, results.curves], [[], null, []]);
    assert.equal(results.unanswered.length, trustQuestions().length);
    assert.match(trustStatement(results)[0], /Without both kinds there is no answer/);
  });

  it('tells how far it is, to the end, and ends where it is told to', async () => {
    const { plan, records } = drives(() => ({}));
    const told: [number, number][] = [];
    const stop = new AbortController();
    const total = 2 * trustQuestions().length;
    await trustResults(plan, records, { onProgress: (...at) => told.push(at) });
    assert.deepEqual(told.at(-1), [total, total]);
    assert.ok(told.every(([done], i) => i === 0 || done > told[i - 1][0]));
    const judging = trustResults(plan, records, {
      signal: stop.signal,
      onProgress: (done) => {
        if (done > 3) stop.abort();
      },
    });
    await assert.rejects(judging, { name: 'AbortError' });
  });
});

describe('figures', () => {
  it('are named once, and every family but the yardsticks is asked about as a whole', () => {
    const names = trustQuestions().map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.equal(new Set(TRUST_FIGURES.map(({ label }) => label)).size, TRUST_FIGURES.length);
  });
});
