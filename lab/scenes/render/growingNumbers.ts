/** Triples of numbers in one typed array that doubles when it is full. */
export class GrowingNumbers {
  #data = new Float64Array(192);
  #used = 0;

  /** Triples so far. */
  get count(): number {
    return this.#used / 3;
  }

  /** Appends a triple and gives its number. */
  push(x: number, y: number, z: number): number {
    if (this.#used + 3 > this.#data.length) {
      const larger = new Float64Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#used] = x;
    this.#data[this.#used + 1] = y;
    this.#data[this.#used + 2] = z;
    this.#used += 3;
    return this.#used / 3 - 1;
  }

  /** All numbers, a view that the next `push` may leave behind. */
  values(): Float64Array {
    return this.#data.subarray(0, this.#used);
  }
}
