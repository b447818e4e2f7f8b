import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { Frame } from '../../src/images/frame.js';
import type { FrameSet } from '../../src/perception/frameSet.js';
import { LiveStages } from '../../src/ros/liveStages.js';
import type { Spectrum } from '../../src/spectrum.js';

const MILLISECOND = 1_000_000n;

function frame(spectrum: Spectrum, stampMs: number): Frame {
  const image = { kind: 'compressed', format: 'png', data: new Uint8Array(0) } as const;
  return { spectrum, topic: '/t', frameId: '', stampNs: BigInt(stampMs) * MILLISECOND, receivedNs: 0n, image };
}

describe('LiveStages', () => {
  const options = {
    expected: ['rgb', 'fir'] as const,
    policy: 'exact' as const,
    maxSkewNs: 0n,
    waitNs: 3_600_000n * MILLISECOND,
    absentAfterNs: 3_600_000n * MILLISECOND,
    queueSize: 10,
    clockJumpNs: 1000n * MILLISECOND,
  };

  it('takes one set at a time, the newest next, and accounts for every image', async () => {
    const taken: number[] = [];
    const finish: (() => void)[] = [];
    const work = (set: FrameSet): Promise<void> => {
      taken.push(Number(set.stampNs / MILLISECOND));
      return new Promise((resolve) => finish.push(resolve));
    };
    const stages = new LiveStages(options, work, (error) => assert.fail(String(error)));
    for (const stampMs of [0, 10, 20, 30]) {
      stages.push(frame('rgb', stampMs));
      stages.push(frame('fir', stampMs));
    }
    assert.deepEqual(taken, [0]);
    assert.ok(stages.busySeconds() > 0);
    const whileBusy = stages.flow();
    assert.deepEqual(
      [whileBusy.get('rgb')?.drops.replaced, whileBusy.get('fir')?.drops.replaced],
      [2, 2],
      '10 and 20 were replaced, 30 waits',
    );
    finish.shift()?.();
    await setImmediate();
    assert.deepEqual(taken, [0, 30]);
    finish.shift()?.();
    await setImmediate();
    assert.equal(stages.busySeconds(), 0);
    assert.equal(stages.flow().get('rgb')?.drops.replaced, 2);
    stages.push(frame('rgb', 30)); // again: its set has gone out
    stages.push(frame('rgb', 20));
    assert.deepEqual(stages.flow().get('rgb')?.drops, {
      replaced: 2,
      late: 1,
      duplicates: 1,
      overflowed: 0,
      implausible: 0,
    });
    stages.close();
  });

  it('answers bands that are out of step in turns', async () => {
    const answered: Spectrum[] = [];
    let finish: (() => void) | undefined;
    const work = (set: FrameSet): Promise<void> => {
      answered.push(...set.frames.keys());
      return new Promise((resolve) => (finish = resolve));
    };
    const stages = new LiveStages({ ...options, waitNs: MILLISECOND }, work, (error) => assert.fail(String(error)));
    for (let moment = 0; moment < 40; moment++) {
      // FIR comes 40 ms later; two moments pass for each answer.
      stages.push(frame('rgb', 100 * moment));
      stages.push(frame('fir', 100 * moment + 40));
      if (moment % 2 === 1) finish?.();
      await setImmediate();
    }
    const of = (spectrum: Spectrum): number => answered.filter((one) => one === spectrum).length;
    assert.ok(answered.length >= 20, String(answered.length));
    assert.ok(Math.abs(of('rgb') - of('fir')) <= 1, `${of('rgb')} of RGB, ${of('fir')} of FIR`);
    stages.close();
  });

  it('hands the end of its work to the owner', async () => {
    const errors: unknown[] = [];
    const stages = new LiveStages(
      { ...options, expected: ['rgb'] },
      () => Promise.reject(new Error('gone')),
      (error) => errors.push(error),
    );
    stages.push(frame('rgb', 0));
    await setImmediate();
    assert.match(String(errors[0]), /gone/);
    stages.close();
  });
});
