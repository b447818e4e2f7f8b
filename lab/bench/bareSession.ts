import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { readModelFiles } from '../../src/detector/manifest.js';
import { openSession } from '../../src/detector/providers.js';

/** The plain model as exported, fed with ready-made floats: the least that any pipeline around it can take. */
export interface BareSession {
  run(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openBareSession(manifestPath: string, threads: number): Promise<BareSession> {
  const { manifest, bytes } = await readModelFiles(manifestPath);
  const session: InferenceSession = await openSession(bytes, 'cpu', threads);
  const { name, width, height } = manifest.input;
  const values = Float32Array.from({ length: 3 * width * height }, (_, i) => Math.sin(i / 50) * 2);
  const feeds = { [name]: new Tensor('float32', values, [1, 3, height, width]) };
  return { run: () => session.run(feeds), close: () => session.release() };
}
