/** Buffers that are used again instead of being left to the garbage collector. */
export class SpareBuffers {
  /** The longest unused first. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  readonly maxBytes: number;

  /** @param maxBytes kept at most, all together; the longest unused go first */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** A buffer of exactly so many bytes; what is in it does not matter. */
  take(byteLength: number): Uint8Array<ArrayBuffer> {
    const at = this.#spare.findLastIndex((buffer) => buffer.byteLength === byteLength);
    if (at === -1) return new Uint8Array(byteLength);
    this.#bytes -= byteLength;
    return this.#spare.splice(at, 1)[0];
  }

  /** Gives a buffer for another use; the giver must not touch it any more. Parts of buffers and shared memory are left alone. */
  give({ buffer, byteLength }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || byteLength === 0 || buffer.byteLength !== byteLength) return;
    this.#spare.push(new Uint8Array(buffer));
    this.#bytes += byteLength;
    while (this.#bytes > this.maxBytes) this.#bytes -= this.#spare.shift()?.byteLength ?? 0;
  }
}
