import assert from 'node:assert/strict';
import { attentionInWords, axisTime, decimal, duration, megabytes, percent } from '../../../src/report/page/words.js';

describe('words', () => {
  it('writes times so that they stay short', () => {
    assert.deepEqual([-5, 0, 12.5, 59.5, 60, 119.6, 3599.7, 3661].map(axisTime), [
      '-5 s',
      '0 s',
      '12.5 s',
      '59.5 s',
      '1:00',
      '2:00',
      '1:00:00',
      '1:01:01',
    ]);
    assert.deepEqual([0, 59.94, 60, 3599.4, 3600, 7384].map(duration), [
      '0.0 s',
      '59.9 s',
      '1 min 00 s',
      '59 min 59 s',
      '1 h 00 min',
      '2 h 03 min',
    ]);
  });

  it('shows a dash where there is no figure', () => {
    assert.deepEqual([decimal(null), percent(undefined), decimal(0.125, 1), percent(0.456)], ['–', '–', '0.1', '46 %']);
    assert.equal(megabytes(60_000_000), '60 MB');
  });

  it('describes attention and judges nothing', () => {
    assert.equal(
      attentionInWords(0.62, 8.14, 1),
      '62 % of the map’s energy lies inside the box, 8.1 times what an even map would put there. Its highest point lies inside the box.',
    );
    assert.equal(attentionInWords(null, null, null), 'There is no map of this detection.');
  });
});
