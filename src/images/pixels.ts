/**
 * A decoded 8-bit picture: rows top to bottom, channels interleaved, no padding between rows.
 * `data.length === width * height * channels`; three channels are in RGB order.
 */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}
