/**
 * A seeded stream of random numbers (sfc32, 32-bit integer arithmetic only, so equal on every machine). `fork` gives an
 * independent stream by name: what one part of a scene draws never shifts what another part gets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #name: string;
  readonly #seed: number;

  constructor(seed: number, name = '') {
    this.#name = name;
    this.#a = mix(seed ^ 0x9e3779b9);
    this.#b = mix(hashText(name) ^ 0x243f6a88);
    this.#c = mix(Math.imul(seed, 0x85ebca6b) ^ 0xb7e15162);
    for (let i = 0; i < 12; i++) this.bits();
    this.#seed = seed;
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.bits() / 4294967296;
  }

  /** Uniform in [from, to). */
  range(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** Uniform integer in [from, to]. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }

  /** −1 or 1. */
  sign(): number {
    return this.bits() & 1 ? 1 : -1;
  }

  /** Standard normal, by the sum of twelve uniforms. */
  gaussian(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.next();
    return sum;
  }

  /** An independent stream that depends on this stream's seed and on `name` only. */
  fork(name: string): Random {
    return new Random(this.#seed, `${this.#name}/${name}`);
  }
}

/** A 32-bit finaliser (lowbias32): every input bit moves about half of the output bits. */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
