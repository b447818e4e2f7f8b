import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { Random } from '../scenes/random.js';

/** What happens to one camera, and how it is after that. */
export interface SoakEvent {
  readonly atSeconds: number;
  readonly spectrum: Spectrum;
  readonly what: string;
  /** As peers/peer.py takes them. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
}

export const USUAL = { width: 320, height: 240, encoding: 'rgb8', rate: 10, stamp_offset: 0, broken: false } as const;

const TROUBLES: readonly (readonly [string, SoakEvent['settings']])[] = [
  ['dies', { rate: 0 }],
  ['changes its size', { width: 160, height: 120 }],
  ['changes its encoding', { encoding: 'mono16' }],
  ['has its clock set back', { stamp_offset: -3600 }],
  ['has its clock set forward', { stamp_offset: 86_400 }],
  ['stamps from the beginning of time', { stamp_offset: -1_700_000_000 }],
  ['is out of step', { stamp_offset: 0.04 }],
  ['sends rubbish', { broken: true }],
];
/** Seconds between two troubles, and how long one lasts. */
const BETWEEN = [4, 12] as const;
const LASTS = [2, 15] as const;

/** Troubles of four cameras, in the order of time, each mended; the last tenth of the time is quiet. The same for the same seed. */
export function soakPlan(seconds: number, seed: number): readonly SoakEvent[] {
  const random = new Random(seed, 'soak');
  const between = ([from, to]: readonly [number, number]): number => from + (to - from) * random.next();
  const pick = <Value>(values: readonly Value[]): Value => {
    const value = values[Math.floor(random.next() * values.length)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  };
  const end = 0.9 * seconds;
  const mended = new Map<Spectrum, number>();
  const events: SoakEvent[] = [];
  for (let at = between(BETWEEN); at < end; at += between(BETWEEN)) {
    const spectrum = pick(SPECTRA);
    const [what, settings] = pick(TROUBLES);
    const until = Math.min(end, at + between(LASTS));
    // One trouble of a camera at a time.
    if ((mended.get(spectrum) ?? 0) > at) continue;
    mended.set(spectrum, until);
    events.push({ atSeconds: at, spectrum, what, settings });
    events.push({ atSeconds: until, spectrum, what: 'is well again', settings: USUAL });
  }
  return events.sort((a, b) => a.atSeconds - b.atSeconds);
}
