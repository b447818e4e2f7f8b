import type { PictureToPaint } from '../images/paint.js';
import type { SensorImage } from '../images/sensorImage.js';
import type { ExpectedError } from '../errors.js';
import type { Spectrum } from '../spectrum.js';
import type { PictureRequest, Pictures } from './perceivedSet.js';
import type { ExplainedDetection } from './protocol.js';
import type { DecodedPicture, Prepared, VisionReply, VisionRequest, VisionSetup } from './visionProtocol.js';
import { ask } from '../workers/ask.js';
import { SpareBuffers } from '../workers/spareBuffers.js';
import { WorkerClient } from '../workers/workerClient.js';

/** Image work of the pipeline, done in another thread. */
export interface VisionService {
  /**
   * Decodes an image and lays it into its model's input. The image's bytes are copied.
   * @throws ExpectedError (input) for an image that cannot be used, (environment) where the service is gone
   */
  prepare(key: number, spectrum: Spectrum, stampNs: bigint, image: SensorImage): Promise<Prepared>;
  /** Takes back an input that was given out, for another image; its bytes are then the service's. */
  reuse(input: Uint8Array): void;
  /** @throws Error where the picture is no longer kept */
  render(key: number, detections: readonly ExplainedDetection[], wanted: PictureRequest): Promise<Pictures>;
  /** @throws Error where the picture is no longer kept */
  pixels(key: number, spectrum: Spectrum): Promise<DecodedPicture>;
  paint(picture: PictureToPaint): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface VisionHooks {
  readonly onDeath?: (error: ExpectedError) => void;
  readonly onStray?: (error: Error) => void;
}

/** Buffers in reserve, of each kind; cameras that send anything must not fill the memory. */
const SPARE_BYTES = 64e6;

let opened = false;

/**
 * The vision worker: OpenCV's binding serves one thread per process, once. A second thread, even after the first has ended,
 * brings the process down; so this can be opened once per process, and never again.
 */
export class VisionClient implements VisionService {
  readonly #worker: WorkerClient<VisionRequest, VisionReply>;
  readonly #messages = new SpareBuffers(SPARE_BYTES);
  readonly #inputs = new SpareBuffers(SPARE_BYTES);
  readonly #inputBytes: ReadonlyMap<string, number>;

  private constructor(setup: VisionSetup, hooks: VisionHooks) {
    this.#inputBytes = new Map(
      Object.entries(setup.bands).map(([spectrum, { input }]) => [spectrum, input.width * input.height * 3]),
    );
    this.#worker = new WorkerClient(new URL('./visionWorker.js', import.meta.url), {
      name: 'vision worker',
      workerData: setup,
      ...hooks,
    });
  }

  /**
   * Starts the worker and loads OpenCV in it.
   * @throws ExpectedError (environment) where OpenCV cannot be loaded; Error at the second call in a process
   */
  static async open(setup: VisionSetup, hooks: VisionHooks = {}): Promise<VisionClient> {
    if (opened) throw new Error('the vision worker can be opened once per process: see VisionClient');
    opened = true;
    const client = new VisionClient(setup, hooks);
    try {
      await client.#worker.call({ kind: 'hello' });
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  async prepare(key: number, spectrum: Spectrum, stampNs: bigint, image: SensorImage): Promise<Prepared> {
    // A message's bytes are often a view of a larger buffer, or memory that cannot move: copy just these, and move the copy.
    const data = this.#messages.take(image.data.byteLength);
    data.set(image.data);
    const inputMemory = this.#inputs.take(this.#inputBytes.get(spectrum) ?? 0);
    const request = { kind: 'prepare', key, spectrum, stampNs, image: { ...image, data }, inputMemory } as const;
    const reply = await ask(this.#worker, request, 'prepared', [data.buffer, inputMemory.buffer]);
    if (reply.imageMemory) this.#messages.give(reply.imageMemory);
    return reply;
  }

  reuse(input: Uint8Array): void {
    this.#inputs.give(input);
  }

  async render(key: number, detections: readonly ExplainedDetection[], wanted: PictureRequest): Promise<Pictures> {
    return (await ask(this.#worker, { kind: 'render', key, detections, wanted }, 'rendered')).pictures;
  }

  async pixels(key: number, spectrum: Spectrum): Promise<DecodedPicture> {
    return await ask(this.#worker, { kind: 'pixels', key, spectrum }, 'pixels');
  }

  async paint(picture: PictureToPaint): Promise<Uint8Array> {
    return (await ask(this.#worker, { kind: 'paint', picture }, 'painted')).file;
  }

  close(): Promise<void> {
    return this.#worker.close();
  }
}
