import type { Spectrum } from '../../src/spectrum.js';
import type { FrameSet, StampedFrame } from '../../src/perception/frameSet.js';
import type { SyncOptions } from '../../src/perception/synchronizer.js';

/** Milliseconds to nanoseconds. */
export const ms = (value: number): bigint => BigInt(Math.round(value * 1e6));

const LETTERS: Readonly<Record<string, Spectrum>> = { r: 'rgb', n: 'nir', m: 'mir', f: 'fir' };

/** `r100` is a frame of RGB stamped 100 ms; n, m and f are the other bands. */
export function frame(text: string): StampedFrame {
  const spectrum = LETTERS[text.charAt(0)];
  if (spectrum === undefined) throw new TypeError(`no band ${text}`);
  return { spectrum, stampNs: ms(Number(text.slice(1))) };
}

/** `r0 n5` for a set of two frames. */
export function show(set: FrameSet<StampedFrame>): string {
  return [...set.frames.values()]
    .map(({ spectrum, stampNs }) => `${spectrum.charAt(0)}${Number(stampNs) / 1e6}`)
    .join(' ');
}

export const defaults: SyncOptions = {
  expected: ['rgb', 'nir'],
  policy: 'approximate',
  maxSkewNs: ms(20),
  waitNs: ms(150),
  absentAfterNs: ms(10_000),
  queueSize: 10,
  clockJumpNs: ms(1000),
};
