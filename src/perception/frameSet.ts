import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';

/** What the synchronizer needs to know of a frame. */
export interface StampedFrame {
  readonly spectrum: Spectrum;
  /** When the camera exposed, nanoseconds. */
  readonly stampNs: bigint;
}

/** Frames of one moment: at least one, at most one per spectrum. */
export interface FrameSet<F extends StampedFrame = Frame> {
  /** Stamp of the earliest frame of the set: unique and ascending from set to set until the clock jumps back. */
  readonly stampNs: bigint;
  /** Latest stamp minus earliest stamp, nanoseconds: 0 under the exact policy, never above the maximum skew. */
  readonly skewNs: bigint;
  /** The frames by spectrum, in the order of SPECTRA. */
  readonly frames: ReadonlyMap<Spectrum, F>;
  /** Expected spectra that are not in the set; empty for a complete set. */
  readonly missing: readonly Spectrum[];
}
