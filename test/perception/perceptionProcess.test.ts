import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('./processes/perceive.js', import.meta.url));

/** Runs a scenario in a process of its own; it must end by itself, with nothing on stderr. */
async function run<T>(scenario: string): Promise<T> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, scenario], { timeout: 110_000 });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as T;
}

interface Summary {
  readonly spectrum: string;
  readonly [field: string]: unknown;
  readonly timings?: Readonly<Record<string, number>>;
}

describe('PerceptionPipeline with its threads', function () {
  this.timeout(120_000);

  it('perceives raw, JPEG and 16-bit PNG frames, in order, past a damaged one', async () => {
    const sets = await run<{ stampNs: string; frames: Summary[] }[]>('goodAndBad');
    assert.deepEqual(
      sets.map(({ stampNs }) => stampNs),
      ['0', '100000000', '200000000'],
    );
    for (const { frames } of sets) {
      const bySpectrum = Object.fromEntries(frames.map((frame) => [frame.spectrum, frame]));
      const { mir, ...good } = bySpectrum;
      assert.equal(mir?.failed, 'decode');
      assert.equal(mir.expected, true);
      for (const [spectrum, frame] of Object.entries(good)) {
        assert.deepEqual([frame.maps, frame.attention, frame.inside], [true, true, true], spectrum);
        assert.deepEqual([frame.overlay, frame.picturesError], ['jpeg', undefined], spectrum);
        assert.equal(frame.thumbnail, spectrum === 'rgb' ? 'jpeg' : 'none');
        for (const [stage, value] of Object.entries(frame.timings ?? {})) assert.ok(value >= 0, stage);
        assert.ok(Number(frame.timings?.inferenceMs) > 0);
      }
      assert.deepEqual(good.rgb?.size, [160, 120]);
      assert.ok(Number(good.rgb.detections) > 0);
      assert.deepEqual(good.fir?.size, [18, 12]);
    }
  });

  it('sees the same in the same picture, paints soon but not late, and refuses a second vision thread', async () => {
    const { runs, soon, late, second } = await run<{
      runs: unknown[][];
      soon: string;
      late: { message: string };
      second: { message: string };
    }>('latency');
    const [first, ...others] = runs;
    assert.ok((first?.length ?? 0) > 0);
    assert.equal(others.length, 10);
    for (const other of others) assert.deepEqual(other, first);
    assert.equal(soon, 'jpeg');
    assert.match(late.message, /picture 0 is no longer kept/);
    assert.match(second.message, /once per process/, 'OpenCV would bring the process down');
  });

  it('names a model that is not there, and leaves nothing running', async () => {
    const { kind, message } = await run<{ kind: string; message: string }>('noModel');
    assert.equal(kind, 'model');
    assert.match(message, /\/absent\/model\.json/);
  });

  for (const [scenario, name] of [
    ['visionDies', 'vision worker'],
    ['detectorDies', 'detector worker 1'],
  ] as const) {
    it(`is ended by the death of the ${name}, and says so`, async () => {
      type Outcome = { kind: string; message: string };
      const { outcome, later, reported } = await run<{ outcome: Outcome; later: Outcome; reported: string[] }>(
        scenario,
      );
      assert.equal(outcome.kind, 'environment');
      assert.ok(outcome.message.startsWith(`the ${name}`) || outcome.message.startsWith(name), outcome.message);
      assert.match(outcome.message, /ended unexpectedly/);
      assert.deepEqual(later, outcome);
      assert.deepEqual(reported, [outcome.message]);
    });
  }
});
