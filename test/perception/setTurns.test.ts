import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Frame } from '../../src/images/frame.js';
import type { FrameSet } from '../../src/perception/frameSet.js';
import { SetTurns } from '../../src/perception/setTurns.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';

function set(stamp: number, ...bands: Spectrum[]): FrameSet {
  const frames = bands.map((spectrum) => [spectrum, { spectrum, stampNs: BigInt(stamp) } as Frame] as const);
  return { stampNs: BigInt(stamp), skewNs: 0n, frames: new Map(frames), missing: [] };
}

const stampOf = (one: FrameSet | undefined): number | undefined => one && Number(one.stampNs);

describe('SetTurns', () => {
  it('keeps the newest of complete sets only', () => {
    const turns = new SetTurns();
    assert.deepEqual(turns.offer(set(1, 'rgb', 'fir')), []);
    assert.deepEqual(turns.offer(set(2, 'rgb', 'fir')).map(stampOf), [1]);
    assert.deepEqual(turns.offer(set(3, 'rgb', 'fir')).map(stampOf), [2]);
    assert.equal(stampOf(turns.take()), 3);
    assert.equal(turns.take(), undefined);
  });

  it('keeps a set that holds the newest image of any band, and a band in its order', () => {
    const turns = new SetTurns();
    turns.offer(set(1, 'rgb', 'nir'));
    assert.deepEqual(turns.offer(set(2, 'rgb', 'fir')), [], 'the first has the newest of NIR');
    assert.equal(stampOf(turns.take()), 1, 'RGB of 1 before RGB of 2');
    assert.equal(stampOf(turns.take()), 2);
  });

  it('lets bands that come alone take turns, whichever comes last', () => {
    const turns = new SetTurns();
    const answered: Spectrum[] = [];
    for (let round = 0; round < 40; round++) {
      // FIR always comes after RGB: the newest set is FIR's each time that the detector is free.
      turns.offer(set(2 * round, 'rgb'));
      turns.offer(set(2 * round + 1, 'fir'));
      answered.push(...(turns.take()?.frames.keys() ?? []));
    }
    assert.equal(answered.filter((spectrum) => spectrum === 'rgb').length, 20);
    assert.ok(
      answered.every((spectrum, index) => spectrum !== answered[index + 1]),
      'strictly in turns',
    );
  });

  it('holds at most one set for each band, loses none unseen, and starves no band, whatever comes', () => {
    const sets = fc.array(fc.subarray([...SPECTRA], { minLength: 1 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sets, fc.infiniteStream(fc.boolean()), (all, takes) => {
        const turns = new SetTurns();
        const waiting = new Set<FrameSet>();
        const last = new Map<Spectrum, bigint>();
        const since = new Map<Spectrum, number>();
        const taken = (one: FrameSet): void => {
          assert.ok(waiting.delete(one));
          for (const other of [...waiting].flatMap(({ frames }) => [...frames.keys()])) {
            if (one.frames.has(other)) continue;
            since.set(other, (since.get(other) ?? 0) + 1);
            assert.ok((since.get(other) ?? 0) <= 2 * SPECTRA.length, `${other} waits for too long`);
          }
          for (const [spectrum, { stampNs }] of one.frames) {
            assert.ok(stampNs > (last.get(spectrum) ?? -1n), 'a band in its order');
            last.set(spectrum, stampNs);
            since.set(spectrum, 0);
          }
        };
        for (const [stamp, bands] of all.entries()) {
          const one = set(stamp, ...bands);
          waiting.add(one);
          for (const gone of turns.offer(one)) assert.ok(waiting.delete(gone));
          assert.ok(waiting.size <= SPECTRA.length);
          const next = takes.next().value ? turns.take() : undefined;
          if (next) taken(next);
        }
        for (let next = turns.take(); next; next = turns.take()) taken(next);
        assert.equal(waiting.size, 0);
      }),
    );
  });
});
