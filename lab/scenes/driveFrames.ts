import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import type { DriveOptions } from './drive.js';
import type { PictureJob, PictureReply } from './renderJobs.js';
import { RenderThread } from './renderThread.js';

export interface DriveFramesOptions extends DriveOptions {
  /** Frame sets a second. */
  readonly rate: number;
  readonly spectra?: readonly Spectrum[];
  /** Bits of an infrared pixel, 8 unless given; RGB is always 8. */
  readonly depth?: 8 | 16;
  /** Whether pictures come as PNG files instead of pixels. */
  readonly png?: boolean;
  /** Render threads; 2 unless given. */
  readonly threads?: number;
}

/** All cameras' pictures of one moment. */
export interface DriveFrame {
  readonly index: number;
  /** Seconds since the drive began. */
  readonly time: number;
  readonly views: readonly PictureReply[];
}

/** Number of frame sets of a drive. */
export function frameCount({ duration, rate }: Pick<DriveFramesOptions, 'duration' | 'rate'>): number {
  return Math.max(1, Math.round(duration * rate));
}

/**
 * Renders a drive frame by frame, in order, on worker threads. At most one frame a thread is drawn ahead of the reader, so
 * memory stays bounded however slowly the frames are taken. Leaving the loop early ends the threads.
 */
export async function* renderDrive(options: DriveFramesOptions): AsyncGenerator<DriveFrame, void, undefined> {
  const { seed, night, duration, rate, spectra = SPECTRA, depth = 8, png = false, threads = 2 } = options;
  const count = frameCount(options);
  const pool = Array.from({ length: Math.max(1, Math.min(threads, count)) }, () => new RenderThread({}));
  const jobOf = (frame: number): PictureJob => ({
    kind: 'pictures',
    drive: { seed, night, duration },
    time: frame / rate,
    frame,
    spectra,
    depth,
    png,
  });
  const ask = (frame: number): Promise<PictureReply[]> => {
    const reply = pool[frame % pool.length].ask(jobOf(frame));
    // Whoever awaits it sees the failure; until then it must not end the process.
    reply.catch(() => undefined);
    return reply;
  };
  try {
    const pending = pool.map((_, frame) => ask(frame));
    for (let index = 0; index < count; index++) {
      const views = await pending[index % pool.length];
      const next = index + pool.length;
      if (next < count) pending[index % pool.length] = ask(next);
      yield { index, time: index / rate, views };
    }
  } finally {
    await Promise.all(pool.map((thread) => thread.end()));
  }
}
