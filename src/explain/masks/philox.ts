/**
 * Philox4x32-10, a counter-based random number generator (Salmon et al. 2011): the numbers are a pure function of key and
 * counter, so that mask 1,234 is the same whoever makes it and whatever was made before.
 * @param counter four 32-bit words
 * @param key two 32-bit words
 * @param into where the four random 32-bit words go
 */
export function philox(
  [c0, c1, c2, c3]: readonly [number, number, number, number],
  [k0, k1]: readonly [number, number],
  into: Uint32Array,
): void {
  let [a, b, c, d] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let [keyA, keyB] = [k0 >>> 0, k1 >>> 0];
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(0xd2511f53, a);
    const lowA = Math.imul(0xd2511f53, a) >>> 0;
    const highC = multiplyHigh(0xcd9e8d57, c);
    const lowC = Math.imul(0xcd9e8d57, c) >>> 0;
    [a, b, c, d] = [(highC ^ b ^ keyA) >>> 0, lowC, (highA ^ d ^ keyB) >>> 0, lowA];
    keyA = (keyA + 0x9e3779b9) >>> 0;
    keyB = (keyB + 0xbb67ae85) >>> 0;
  }
  into[0] = a;
  into[1] = b;
  into[2] = c;
  into[3] = d;
}

/** Upper half of the 64-bit product of two unsigned 32-bit words. */
function multiplyHigh(x: number, y: number): number {
  const [xHigh, xLow, yHigh, yLow] = [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff];
  const middle = xHigh * yLow + Math.floor((xLow * yLow) / 0x10000);
  const carry = (middle % 0x10000) + xLow * yHigh;
  return (xHigh * yHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * `count` uniform numbers in (0, 1), symmetric about a half, of stream `stream` at position `index`.
 * @param seed a whole number from 0 to 2³² − 1
 * @param index a whole number from 0 to 2⁵³ − 1
 */
export function uniforms(seed: number, stream: number, index: number, count: number): Float64Array {
  const values = new Float64Array(count);
  const words = new Uint32Array(4);
  const high = Math.floor(index / 2 ** 32);
  for (let i = 0; i < count; i += 4) {
    philox([i >>> 2, stream, index >>> 0, high], [seed, 0x6d736b73], words);
    for (let k = 0; k < 4 && i + k < count; k++) values[i + k] = (words[k] + 0.5) / 2 ** 32;
  }
  return values;
}
