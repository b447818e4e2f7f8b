import assert from 'node:assert/strict';
import { DriftMonitor, type FigureDrift } from '../../src/drift/driftMonitor.js';
import { type Drift, observations, recorded } from './observations.js';

const SECOND = 1_000_000_000n;
const LIMITS = { minimumSamples: 200, raiseAbove: 0.25, clearBelow: 0.15 };
const baseline = recorded(observations(1, 2000));

/** Feeds a set every tenth of a second from `startNs` on; returns the time after the last one. */
function drive(monitor: DriftMonitor, startNs: bigint, seed: number, sets: number, drift: Drift = {}): bigint {
  let nowNs = startNs;
  for (const set of observations(seed, sets, drift)) {
    monitor.observe(set, nowNs);
    nowNs += SECOND / 10n;
  }
  return nowNs;
}

const drifted = (figures: readonly FigureDrift[]): string[] =>
  figures.filter((figure) => figure.drifted).map(({ spectrum, name }) => `${spectrum ?? 'all'} ${name}`);

describe('DriftMonitor', () => {
  it('finds nothing in a drive like the one of the baseline', () => {
    const monitor = new DriftMonitor(baseline, ['fir'], 60);
    const figures = monitor.judge(drive(monitor, 0n, 2, 600), LIMITS);
    assert.deepEqual(
      figures.map(({ spectrum, name }) => [spectrum, name]),
      [
        ['fir', 'scores'],
        ['fir', 'numbers of detections'],
        ['fir', 'attention figures (energy in box)'],
        ['fir', 'attention figures (energy gain)'],
        ['fir', 'classes'],
        [undefined, 'agreement between bands'],
      ],
    );
    for (const { index, name } of figures) assert.ok((index ?? 1) < 0.1, `${name}: ${index}`);
    assert.deepEqual(drifted(figures), []);
  });

  const cases: [what: string, drift: Drift, figures: string[]][] = [
    ['scores that fall', { score: 0.2 }, ['fir scores']],
    [
      'attention that leaves the boxes',
      { attention: 0.5 },
      ['fir attention figures (energy in box)', 'fir attention figures (energy gain)'],
    ],
    ['a class mix that changes', { classes: ['Person', 'car', 'car'] }, ['fir classes']],
    ['a class that was not there before', { classes: ['Person', 'Person', 'car', 'bike'] }, ['fir classes']],
    ['bands that agree less', { agreement: 0.5 }, ['all agreement between bands']],
  ];
  for (const [what, drift, figures] of cases) {
    it(`finds ${what}, and only that`, () => {
      const monitor = new DriftMonitor(baseline, ['fir'], 60);
      assert.deepEqual(drifted(monitor.judge(drive(monitor, 0n, 3, 600, drift), LIMITS)), figures);
    });
  }

  it('keeps a verdict until the index has fallen well below where it was raised', () => {
    const monitor = new DriftMonitor(baseline, ['fir'], 60);
    const nowNs = drive(monitor, 0n, 4, 600, { score: 0.1 });
    const [{ index }] = monitor.judge(nowNs, { ...LIMITS, raiseAbove: Infinity });
    assert.ok(index !== undefined && index > 0.05);
    const judge = (raiseAbove: number, clearBelow: number): boolean =>
      monitor.judge(nowNs, { minimumSamples: 200, raiseAbove, clearBelow })[0].drifted;
    assert.equal(judge(index + 0.01, index - 0.01), false, 'not raised between the two');
    assert.equal(judge(index - 0.01, index - 0.02), true);
    assert.equal(judge(index + 0.01, index - 0.01), true, 'not cleared between the two');
    assert.equal(judge(index + 0.02, index + 0.01), false);
  });

  it('comes back to the baseline when the window has slid on, and forgets when nothing more comes', () => {
    const monitor = new DriftMonitor(baseline, ['fir'], 60);
    let nowNs = drive(monitor, 0n, 5, 600, { score: 0.2 });
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), ['fir scores']);
    nowNs = drive(monitor, nowNs, 6, 100);
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), ['fir scores'], 'most of the window is as before');
    nowNs = drive(monitor, nowNs, 7, 600);
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), []);
    nowNs = drive(monitor, nowNs, 8, 600, { score: 0.2 });
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), ['fir scores']);
    const halfGone = monitor.judge(nowNs + 58n * SECOND, LIMITS)[0];
    assert.ok(halfGone.samples > 0 && halfGone.samples < 200);
    assert.deepEqual([halfGone.index, halfGone.drifted], [undefined, true], 'too few to change the verdict');
    const gone = monitor.judge(nowNs + 3600n * SECOND, LIMITS)[0];
    assert.deepEqual([gone.samples, gone.index, gone.drifted], [0, undefined, false]);
  });

  it('says nothing before there is enough to say, in the window or in the baseline', () => {
    const monitor = new DriftMonitor(baseline, ['fir'], 60);
    const nowNs = drive(monitor, 0n, 9, 20, { score: 0.2 });
    assert.ok(monitor.judge(nowNs, LIMITS).every(({ index, drifted: is }) => index === undefined && !is));
    const short = new DriftMonitor(recorded(observations(1, 10)), ['fir'], 60);
    assert.ok(short.judge(drive(short, 0n, 9, 600, { score: 0.2 }), LIMITS).every(({ drifted: is }) => !is));
  });

  it('says nothing before it has seen half a window, nor soon after a pause that has emptied it', () => {
    const monitor = new DriftMonitor(baseline, ['fir'], 60);
    let nowNs = drive(monitor, 0n, 11, 290, { score: 0.2 });
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), []);
    nowNs = drive(monitor, nowNs, 12, 20, { score: 0.2 });
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), ['fir scores']);
    nowNs = drive(monitor, nowNs + 3600n * SECOND, 13, 290, { score: 0.2 });
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), []);
    nowNs = drive(monitor, nowNs, 14, 20, { score: 0.2 });
    assert.deepEqual(drifted(monitor.judge(nowNs, LIMITS)), ['fir scores']);
  });

  it('starts anew after a reset, and leaves out bands that are not to be compared', () => {
    const monitor = new DriftMonitor(baseline, ['fir'], 60);
    const nowNs = drive(monitor, 0n, 10, 600, { score: 0.2 });
    monitor.judge(nowNs, LIMITS);
    monitor.reset();
    assert.ok(monitor.judge(nowNs, LIMITS).every(({ samples, drifted: is }) => samples === 0 && !is));
    assert.deepEqual(
      new DriftMonitor(baseline, [], 60).judge(0n, LIMITS).map(({ name }) => name),
      ['agreement between bands'],
    );
  });
});
