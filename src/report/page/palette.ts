import { styleValue } from './dom.js';

/** Okabe and Ito's colours, told apart with any colour vision, in the lighter order that reads on pictures. */
const CLASS_COLOURS = ['#56b4e9', '#e69f00', '#2bc48f', '#f0e442', '#e08dbb', '#ff8a4c', '#ffffff', '#b9a5ff'];
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

/** A class's colour; classes past the eighth repeat colours with another dash. */
export function classColour(index: number): string {
  return CLASS_COLOURS[index % CLASS_COLOURS.length] ?? '#ffffff';
}

export function classDash(index: number): readonly number[] {
  return DASHES[Math.floor(index / CLASS_COLOURS.length) % DASHES.length] ?? [];
}

/** A line's colour in charts (spectra, stages); follows the theme. */
export function lineColour(index: number): string {
  return styleValue(`--line-${index % 8}`);
}

/** Lines also differ by dash, so that colour is never the only difference. */
export function lineDash(index: number): number[] {
  return [...(DASHES[index % DASHES.length] ?? [])];
}
