/**
 * Where decoded and resized pictures are laid: gives a buffer of exactly so many bytes, whose content does not matter. A live camera
 * uses the same few buffers again and again: fresh ones cost page faults, and their garbage holds up the threads.
 */
export type PixelMemory = (byteLength: number) => Uint8Array<ArrayBuffer>;

export const freshMemory: PixelMemory = (byteLength) => new Uint8Array(byteLength);
