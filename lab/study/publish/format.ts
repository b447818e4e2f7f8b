import type { Interval } from '../../numbers/statistics.js';

/** Where there is no figure. */
export const NOTHING = '–';

/** A figure with a real minus sign. */
export function decimal(value: number, digits = 2): string {
  return value.toFixed(digits).replace('-', '−');
}

export function between(range: Interval | null | undefined, digits = 2): string {
  return range ? `${decimal(range.low, digits)} to ${decimal(range.high, digits)}` : NOTHING;
}

export function pValue(p: number): string {
  return p < 0.001 ? 'below 0.001' : p.toFixed(3);
}
