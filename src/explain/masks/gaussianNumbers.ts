import { uniforms } from './philox.js';

/** Counters apart from those of masks. */
const STREAM = 7;
const BLOCK = 1024;

/**
 * Standard normal numbers from a seed, one after the other: √(−2·ln u)·cos(2π·v) and its sine (Box and Muller 1958).
 * @param seed a whole number from 0 to 2³² − 1
 */
export function gaussianNumbers(seed: number): () => number {
  let block = 0;
  let at = BLOCK;
  let values: Float64Array = new Float64Array(0);
  return () => {
    if (at === BLOCK) {
      values = normalBlock(seed, block++);
      at = 0;
    }
    return values[at++] ?? 0;
  };
}

function normalBlock(seed: number, index: number): Float64Array {
  const drawn = uniforms(seed, STREAM, index, BLOCK);
  const values = new Float64Array(BLOCK);
  for (let i = 0; i < BLOCK; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(drawn[i]));
    values[i] = radius * Math.cos(2 * Math.PI * drawn[i + 1]);
    values[i + 1] = radius * Math.sin(2 * Math.PI * drawn[i + 1]);
  }
  return values;
}
