import { BagWriter } from '../../src/bag/bagWriter.js';
import { toCompressedImage } from '../../src/messages/outputMessages.js';
import { DRIVE_START_NS, driveTopics } from '../scenes/driveBag.js';
import { renderDrive } from '../scenes/driveFrames.js';
import { encodeJpeg } from '../../src/images/encode.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';

/** Four seconds of a drive are drawn and then repeated: a long drive takes long to draw, and only its length matters here. */
const DRAWN_SECONDS = 4;

/** Writes a drive by four cameras, JPEG pictures, as a rosbag2 recording. */
export async function writeLongDrive(
  target: string,
  { seconds, rate, seed }: { seconds: number; rate: number; seed: number },
): Promise<void> {
  const drawn: (readonly [Spectrum, Uint8Array])[][] = [];
  for await (const { views } of renderDrive({ seed, night: false, duration: DRAWN_SECONDS, rate, png: false }))
    drawn.push(views.map((view) => [view.spectrum, encodeJpeg(view, 92)] as const));
  const bag = await BagWriter.create(target);
  for (const spectrum of SPECTRA)
    await bag.addTopic({ name: driveTopics(spectrum, 'jpeg').image, type: 'sensor_msgs/msg/CompressedImage' });
  for (let i = 0; i < seconds * rate; i++) {
    const stampNs = DRIVE_START_NS + BigInt(Math.round((i / rate) * 1e9));
    for (const [spectrum, jpeg] of drawn[i % drawn.length]) {
      const message = toCompressedImage({ stampNs, frameId: `${spectrum}_optical_frame` }, 'jpeg', jpeg);
      await bag.writeMessage(driveTopics(spectrum, 'jpeg').image, stampNs, message);
    }
  }
  await bag.close();
}
