import { BagWriter } from '../../src/bag/bagWriter.js';
import { toImage } from '../../src/messages/outputMessages.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';

export const START_NS = 1_700_000_000_000_000_000n;
export const PERIOD_NS = 100_000_000n;

/** What of a small drive is wrong on purpose. */
export interface DriveFaults {
  /** Frames of this band and number have a `step` that is too small for their width. */
  readonly badStep?: { readonly spectrum: Spectrum; readonly frames: readonly number[] };
  /** Frames of this band and number are missing. */
  readonly missing?: { readonly spectrum: Spectrum; readonly frames: readonly number[] };
}

/** Writes a bag of four cameras with gradients for pictures: RGB in colour, infrared in 16 bit, and one topic that is no camera. */
export async function writeSmallDrive(file: string, frames: number, faults: DriveFaults = {}): Promise<void> {
  const bag = await BagWriter.create(file);
  for (const spectrum of SPECTRA) await bag.addTopic({ name: topicOf(spectrum), type: 'sensor_msgs/msg/Image' });
  await bag.addTopic({ name: '/note', type: 'std_msgs/msg/String' });
  for (let i = 0; i < frames; i++) {
    const stampNs = START_NS + BigInt(i) * PERIOD_NS;
    for (const [lane, spectrum] of SPECTRA.entries()) {
      if (faults.missing?.spectrum === spectrum && faults.missing.frames.includes(i)) continue;
      const header = { stampNs: stampNs + BigInt(lane) * 1_000_000n, frameId: `${spectrum}_optical_frame` };
      const picture = gradient(spectrum, i);
      const message = toImage(header, picture) as { step: number };
      if (faults.badStep?.spectrum === spectrum && faults.badStep.frames.includes(i)) message.step = 3;
      await bag.writeMessage(topicOf(spectrum), header.stampNs + 2_000_000n, message);
    }
    await bag.writeMessage('/note', stampNs, { data: `frame ${String(i)}` });
  }
  await bag.close();
}

export function topicOf(spectrum: Spectrum): string {
  return `/camera/${spectrum}/image_raw`;
}

function gradient(spectrum: Spectrum, frame: number) {
  const [width, height] = [96, 64];
  const channels = spectrum === 'rgb' ? 3 : 1;
  const values = new Uint16Array(width * height * channels);
  for (let i = 0; i < values.length; i++) values[i] = (i * 7 + frame * 311) % (spectrum === 'rgb' ? 256 : 65536);
  const data = spectrum === 'rgb' ? Uint8Array.from(values) : new Uint8Array(values.buffer);
  return { width, height, encoding: spectrum === 'rgb' ? 'bgr8' : 'mono16', data };
}

/** A configuration that puts the tiny test network on every band and takes every box for a detection. */
export const TINY_CONFIG = `
cameras:
${SPECTRA.map((spectrum) => `  ${spectrum}: { model: ${path.join(packageRoot, 'test/fixtures/efficientdet-tiny.json')} }`).join('\n')}
detection: { scoreThreshold: 0.01, maxDetections: 3 }
`;
