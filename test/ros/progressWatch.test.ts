import assert from 'node:assert/strict';
import { type Progress, ProgressWatch } from '../../src/ros/progressWatch.js';

describe('ProgressWatch', () => {
  const work: Progress = { images: 0, passes: 0, toDo: 3, goalsRunning: 0, cores: 0.5, framesPerMinute: 60 };
  let nowMs = 0;
  let starved = 0;
  let watch: ProgressWatch;

  beforeEach(() => {
    nowMs = starved = 0;
    const starvedMs = () =>
      new Map([
        ['main', 0],
        ['worker', starved],
      ]);
    watch = new ProgressWatch({ nowMs: () => nowMs, starvedMs });
  });

  const after = (seconds: number, progress: Partial<Progress> = {}): string | undefined => {
    nowMs += 1000 * seconds;
    return watch.trouble({ ...work, ...progress });
  };

  it('says nothing while images are explained, or where there are none', () => {
    assert.equal(after(59), undefined);
    assert.equal(after(2, { images: 1 }), undefined);
    assert.equal(after(59, { images: 1 }), undefined);
    assert.equal(after(500, { images: 1, toDo: 0 }), undefined);
    assert.equal(after(59, { images: 1 }), undefined, 'counted from when there was something to do');
  });

  it('names others that take the processor', () => {
    assert.equal(after(10), undefined);
    starved = 260_000;
    assert.match(
      after(274) ?? '',
      /^no image was explained for 284 s though 3 frame sets are to be: this process waited for a processor for 92 % /,
    );
  });

  it('names goals, a small budget, and what does not answer', () => {
    assert.match(after(61, { goalsRunning: 1 }) ?? '', /goals of the action go first$/);
    assert.match(after(10, { passes: 20 }) ?? '', /takes long with budget\.cores 0\.5/);
    assert.match(after(61, { passes: 20 }) ?? '', /not one pass was made/);
  });

  it('waits for as long as the budget of images allows', () => {
    assert.equal(after(119, { framesPerMinute: 1 }), undefined);
    assert.notEqual(after(2, { framesPerMinute: 1 }), undefined);
  });
});
