import { setTimeout as delay } from 'node:timers/promises';

/**
 * Milliseconds of quiet before each turn: threads of ONNX Runtime look for more work for 10 to 25 ms after a run, and would take a core from
 * whoever comes next. Without it a pass of RISE right after the bare session took 1.6 of it.
 */
const QUIET_MS = 60;

/** What is timed: the clock, or the processor time of the whole process, which other work on the machine hardly changes. */
export const TIMES = ['wall', 'cpu'] as const;
export type Time = (typeof TIMES)[number];

/** Milliseconds of each contestant, round by round. */
export type Timings<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/**
 * Times several contestants in turn, so that whatever else the machine does disturbs all of them alike.
 * The order turns round every round; the first two rounds do not count.
 */
export async function interleave<Name extends string>(
  contestants: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
  time: Time = 'wall',
): Promise<Timings<Name>> {
  const now = (): number => {
    if (time === 'wall') return performance.now();
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const names = Object.keys(contestants) as Name[];
  const timings = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -2; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      await delay(QUIET_MS);
      const started = now();
      await contestants[name]();
      if (round >= 0) timings[name].push(now() - started);
    }
  }
  return timings;
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Medians of both, and the median of the ratios of the rounds: neighbours in time are disturbed alike. */
export function compare(
  values: readonly number[],
  references: readonly number[],
): { value: number; reference: number; ratio: number } {
  const ratios = values.map((value, round) => value / references[round]);
  return { value: median(values), reference: median(references), ratio: median(ratios) };
}
