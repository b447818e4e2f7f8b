import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MapsSoFar } from '../../../src/explain/explanation.js';
import {
  explainByMasks,
  type MaskExplanationOptions,
  type ScoreSource,
} from '../../../src/explain/run/maskExplanation.js';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { RiseEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import { BOXES, PROBABILITY, SIDE, toyScores, toyStream } from '../toyDetector.js';

const map = { width: SIDE, height: SIDE };

interface Toy {
  readonly parallel?: number;
  readonly score?: (mask: Float64Array) => readonly number[];
  readonly onScore?: (from: number) => void;
  readonly resume?: {
    readonly passes: number;
    readonly lost: readonly number[];
    readonly sums: readonly Float64Array[];
  };
  readonly signal?: AbortSignal;
}

/** Explains the toy detector; later blocks are answered before earlier ones. */
function explain(options: Partial<MaskExplanationOptions>, toy: Toy = {}): AsyncGenerator<MapsSoFar> {
  const stream = new MaskStream(toyStream('plain', 5));
  const score = toy.score ?? toyScores;
  const source: ScoreSource = {
    parallel: toy.parallel ?? 1,
    score: async (from, count) => {
      toy.onScore?.(from);
      await sleep((from / 4) % 2 === 0 ? 2 : 0);
      const values = new Float32Array(count * BOXES.length);
      for (let i = 0; i < count; i++) {
        const mask = new Float64Array(SIDE * SIDE);
        sampleMask(stream.mask(from + i), map, map, mask);
        values.set(score(mask), i * BOXES.length);
      }
      return { values, found: Uint8Array.from(values, (value) => (value > 0 ? 1 : 0)) };
    },
  };
  const estimate = new RiseEstimate({ ...map, content: map }, PROBABILITY, BOXES.length);
  if (toy.resume) estimate.restore(toy.resume.passes, toy.resume.sums);
  const lost = [...(toy.resume?.lost ?? BOXES.map(() => 0))];
  const parts = { stream, source, estimate, map, targetCount: BOXES.length };
  return explainByMasks(parts, { passes: 60, reportEvery: 7, ...options }, lost, 'toy', toy.signal);
}

async function all(results: AsyncIterable<MapsSoFar>): Promise<MapsSoFar[]> {
  const list = [];
  for await (const result of results) list.push(result);
  return list;
}

function last(results: readonly MapsSoFar[]): MapsSoFar {
  const result = results.at(-1);
  assert.ok(result);
  return result;
}

describe('an explanation by masks', () => {
  it('reports as it goes, and finally once', async () => {
    const results = await all(explain({}));
    assert.deepEqual(
      results.map(({ passes }) => passes),
      [7, 14, 21, 28, 35, 42, 49, 56, 60],
    );
    assert.deepEqual(
      results.map(({ complete }) => complete),
      results.map((_, i) => i === results.length - 1),
    );
    assert.ok(results.every(({ plannedPasses, converged }) => plannedPasses === 60 && !converged));
  });

  it('is the same to the last bit however many blocks run side by side', async () => {
    const [one, many] = [await all(explain({})), await all(explain({}, { parallel: 6 }))];
    assert.deepEqual(
      many.map(({ targets }) => targets),
      one.map(({ targets }) => targets),
    );
  });

  it('is the same to the last bit when it is continued from a checkpoint', async () => {
    const whole = last(await all(explain({})));
    for await (const { passes, checkpoint } of explain({})) {
      assert.ok(checkpoint);
      const saved = structuredClone(checkpoint());
      assert.equal(saved.passes, passes);
      const asked: number[] = [];
      const rest = last(await all(explain({}, { resume: saved, onScore: (from) => asked.push(from) })));
      assert.deepEqual(rest.targets, whole.targets);
      assert.ok(asked.every((from) => from >= passes));
      if (passes >= 28) break;
    }
  });

  it('stops early when every target is stable, and not before the least number of passes', async () => {
    const settings = { passes: 5000, earlyStop: { convergence: 0.98, minPasses: 70 } };
    const stopped = last(await all(explain(settings)));
    assert.ok(stopped.converged && stopped.complete && stopped.passes < 5000 && stopped.passes >= 70);
    assert.ok(stopped.targets.every(({ convergence }) => (convergence ?? 0) >= 0.98));
    const strict = last(await all(explain({ passes: 90, earlyStop: { convergence: 1, minPasses: 1 } })));
    assert.ok(!strict.converged && strict.passes === 90);
  });

  it('says that a target was lost, and does not wait for it', async () => {
    const score = (mask: Float64Array): number[] => [0, toyScores(mask)[1]];
    const settings = { passes: 5000, earlyStop: { convergence: 0.98, minPasses: 70 } };
    const result = last(await all(explain(settings, { score })));
    assert.ok(result.converged && result.passes < 5000);
    assert.equal(result.targets[0].lost, result.passes);
    assert.ok(result.targets[0].map.values.every((value) => value === 0));
    assert.ok(result.targets[1].lost < result.passes / 2);
  });

  it('can be cancelled, and leaves nothing running', async () => {
    const controller = new AbortController();
    let asked = 0;
    const results = explain(
      { passes: 100_000 },
      { parallel: 3, signal: controller.signal, onScore: () => void (asked += 1) },
    );
    await assert.rejects(
      (async () => {
        for await (const { passes } of results) if (passes >= 21) controller.abort(new Error('enough'));
      })(),
      /enough/,
    );
    const before = asked;
    await sleep(20);
    assert.equal(asked, before);
    assert.ok(asked < 20);
    const left: number[] = [];
    for await (const { passes } of explain({ passes: 100_000 }, { onScore: (from) => left.push(from) }))
      if (passes >= 14) break;
    const count = left.length;
    await sleep(20);
    assert.equal(left.length, count);
  });

  it('passes a failure on', async () => {
    const score = (): number[] => {
      throw new Error('the detector fell over');
    };
    await assert.rejects(all(explain({}, { score, parallel: 3 })), /fell over/);
  });
});
