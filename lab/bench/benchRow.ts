import type { Time } from './interleave.js';

/** One line of a benchmark's table, and of its JSON. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same unit, measured in the same run; null where there is nothing to compare with. */
  readonly reference: number | null;
  /** `value / reference`, measured pair by pair. */
  readonly ratio: number | null;
  /** What the ratio has to be, for example `≤ 1.15`; null: for information. */
  readonly goal: string | null;
  readonly holds: boolean | null;
}

export interface BenchOptions {
  /** Manifest of the model to measure with. */
  readonly model: string;
  /** Rounds of each measurement; a round runs every contestant once. */
  readonly rounds: number;
  /** Of the benches of explanations; the others measure what a clock says. */
  readonly time: Time;
}

export type Bench = (options: BenchOptions) => Promise<BenchRow[]>;

interface Goal {
  readonly limit: number;
  /** Whether the ratio has to stay below or above the limit. */
  readonly side: 'at most' | 'at least';
}

/** A row whose ratio is judged by a goal. */
export function comparedRow(
  name: string,
  unit: string,
  { value, reference, ratio }: { value: number; reference: number; ratio: number },
  goal?: Goal,
): BenchRow {
  if (!goal) return { name, value, unit, reference, ratio, goal: null, holds: null };
  const holds = goal.side === 'at most' ? ratio <= goal.limit : ratio >= goal.limit;
  return { name, value, unit, reference, ratio, goal: `${goal.side === 'at most' ? '≤' : '≥'} ${goal.limit}`, holds };
}

/** A row for information. */
export function plainRow(name: string, unit: string, value: number): BenchRow {
  return { name, value, unit, reference: null, ratio: null, goal: null, holds: null };
}
