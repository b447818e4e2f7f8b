import { InvalidArgumentError } from 'commander';

/** Parser for a numeric option: finite and within [minimum, maximum]. */
export function number(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`it has to be a number from ${String(minimum)} to ${String(maximum)}.`);
  };
}

/** As `number`, for whole numbers. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  const parse = number(minimum, maximum);
  return (text) => {
    const value = parse(text);
    if (Number.isInteger(value)) return value;
    throw new InvalidArgumentError('it has to be a whole number.');
  };
}
