import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseOfferedQos } from '../../../src/ros/play/offeredQos.js';

const INFINITE = 'deadline: {sec: 9223372036, nsec: 854775807}';

describe('parseOfferedQos', () => {
  it('reads the numbers that rosbag2 wrote before Jazzy', () => {
    const text = `- history: 1\n  depth: 5\n  reliability: 2\n  durability: 2\n  ${INFINITE}\n  liveliness: 1`;
    assert.deepEqual(parseOfferedQos(text), { reliability: 'best_effort', durability: 'volatile', depth: 5 });
  });

  it('reads the names that it writes since', () => {
    const text = `- history: keep_last\n  depth: 1\n  reliability: reliable\n  durability: transient_local\n  ${INFINITE}`;
    assert.deepEqual(parseOfferedQos(text), { reliability: 'reliable', durability: 'transient_local', depth: 1 });
  });

  it('offers the most of publishers that differed', () => {
    const text = `- {history: 1, depth: 1, reliability: 2, durability: 1}\n- {history: 1, depth: 7, reliability: 1, durability: 2}`;
    assert.deepEqual(parseOfferedQos(text), { reliability: 'reliable', durability: 'transient_local', depth: 7 });
  });

  it('bounds what is kept: no queue of length nought, and none that grows for ever', () => {
    assert.equal(parseOfferedQos('- {history: 1, depth: 0}')?.depth, 10);
    assert.equal(parseOfferedQos('- {history: 2, depth: 0}')?.depth, 1000);
    assert.equal(parseOfferedQos('- {history: keep_all, depth: 3}')?.depth, 1000);
    assert.equal(parseOfferedQos('- {history: 1, depth: 4000000000}')?.depth, 1000);
  });

  it('knows nothing where the bag says nothing, or nothing that can be read', () => {
    for (const text of ['', '  \n', '[]', 'reliability: 1', '- [', '- {reliability: {a: 1}}', 'x'.repeat(200_000)])
      assert.equal(parseOfferedQos(text), undefined, text.slice(0, 40));
  });

  it('never throws, and what it gives can be offered', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `[${json}]`),
        ),
        (text) => {
          const offer = parseOfferedQos(text);
          assert.ok(offer === undefined || (offer.depth >= 1 && offer.depth <= 1000));
        },
      ),
    );
  });
});
