import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { readBoxNetwork } from '../../detector/boxNetwork.js';
import type { BoxNetwork } from '../../detector/families/family.js';
import { inputTensors } from '../../detector/inputTensors.js';
import { readModelFiles } from '../../detector/manifest.js';
import type { ModelManifest } from '../../detector/manifestSchema.js';
import { openSession, type Provider } from '../../detector/providers.js';
import { traceTensors } from '../../detector/traceTensors.js';
import { ExpectedError } from '../../errors.js';
import { iou, type Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import { gradientModel, gradientNames } from '../../onnx/gradient/gradientModel.js';
import { writeModel } from '../../onnx/modelFile.js';
import type { LayerMaps } from './classActivation.js';
import { composeForward, composePlanes, forwardNames } from './composeForward.js';
import { neckLayers } from './neckLayers.js';

export interface GradientNetworkOptions {
  /** Tensors of the ONNX file, [1, channels, rows, columns] each; default: where the neck ends (neckLayers.ts). */
  readonly layers?: readonly string[];
  /** Also gradients at the picture itself. */
  readonly atPicture?: boolean;
  readonly provider?: Provider;
  /** Threads of one run on the CPU; 0, the default, takes one for each core. */
  readonly threads?: number;
}

/** Which of the network's outputs a box is. */
export interface FoundPlace {
  /** Index into the network's places. */
  readonly place: number;
  readonly classIndex: number;
  /** In [0, 1]. */
  readonly score: number;
  readonly iou: number;
}

/** What one target's score depends on in one layer. */
export interface LayerGradient {
  readonly layer: string;
  readonly activations: LayerMaps;
  readonly gradients: LayerMaps;
}

/** A box is found again where it overlaps a place of its class by this much. */
const SAME_BOX_IOU = 0.5;

/**
 * A detector of any family with exact gradients of chosen scores, from its ONNX file alone. Runs block their thread.
 *
 * The score is the family's scalar before suppression: what `ScoredBoxes.scores` holds at (place, class).
 */
export class GradientNetwork {
  readonly network: BoxNetwork;
  /** Names in the ONNX file. */
  readonly layers: readonly string[];
  readonly #planes: InferenceSession;
  readonly #forward: InferenceSession;
  readonly #backward: InferenceSession;

  private constructor(
    network: BoxNetwork,
    layers: readonly string[],
    sessions: { planes: InferenceSession; forward: InferenceSession; backward: InferenceSession },
  ) {
    this.network = network;
    this.layers = layers;
    this.#planes = sessions.planes;
    this.#forward = sessions.forward;
    this.#backward = sessions.backward;
  }

  /** @throws ExpectedError as `open` and for files that cannot be read */
  static async load(manifestPath: string, options: GradientNetworkOptions = {}): Promise<GradientNetwork> {
    return GradientNetwork.open(readBoxNetwork(await readModelFiles(manifestPath)), options);
  }

  /**
   * Differentiates the network and opens its sessions.
   * @throws ExpectedError `usage` where a layer does not exist, or none is found and none named; `model` where an operator on the way has no
   *   rule, or suppression inside the export hides the scores
   */
  static async open(network: BoxNetwork, options: GradientNetworkOptions = {}): Promise<GradientNetwork> {
    const { provider = 'cpu', threads = 0, atPicture = false } = options;
    const { manifest } = network;
    if (network.head.target(0, 0) === undefined)
      throw new ExpectedError(
        'model',
        `${manifest.name} suppresses boxes inside its file, which hides the scores that gradients start from`,
        'use a method that masks (rise, d-rise), or export the model without suppression',
      );
    const forward = composeForward(network);
    const test = new Tensor('float32', new Float32Array(3 * manifest.input.width * manifest.input.height), [
      1,
      3,
      manifest.input.height,
      manifest.input.width,
    ]);
    const facts = await traceTensors(forward, { [forwardNames.planes]: test });
    const { scores, boxes, planes, inner } = forwardNames;
    const chosen = options.layers?.map(inner) ?? neckLayers(forward, facts, scores, boxes);
    if (chosen.length === 0 && !atPicture)
      throw new ExpectedError(
        'usage',
        `no feature map between picture and boxes of ${manifest.name} was found`,
        'name one with --layer; msal model FILE --tensors lists them',
      );
    for (const name of chosen)
      if (facts.get(name)?.dims.length !== 4)
        throw new ExpectedError(
          'usage',
          `${name.slice(inner('').length)} is no feature map of ${manifest.name}: it has the shape [${facts.get(name)?.dims.join(', ') ?? 'none'}]`,
          'name a tensor [1, channels, rows, columns] with --layer; msal model FILE --tensors lists them',
        );
    const at = atPicture ? [...chosen, planes] : chosen;
    const backward = gradientModel(forward, facts, { scores, at });
    const open = (model: typeof forward): Promise<InferenceSession> =>
      openSession(writeModel(model), provider, threads);
    const sessions = {
      planes: await openSession(writeModel(composePlanes(network)), 'cpu', 1),
      forward: await open(forward),
      backward: await open(backward),
    };
    return new GradientNetwork(
      network,
      chosen.map((name) => name.slice(inner('').length)),
      sessions,
    );
  }

  get manifest(): ModelManifest {
    return this.network.manifest;
  }

  /**
   * Normalised planes of a picture.
   * @param pixels uint8 [H, W, 3], RGB, in the model's input
   * @param content the part that the picture fills
   */
  async planesOf(pixels: Uint8Array, content: Size): Promise<Float32Array> {
    const outputs = await this.#planes.run(inputTensors(pixels, content, this.manifest.input));
    return floats(outputs[forwardNames.planes]);
  }

  /**
   * Where the network puts out each box: the highest score of its class among places that overlap it by at least 0.5.
   * @param targets boxes in input pixels
   */
  async find(
    planes: Float32Array,
    targets: readonly { readonly box: Box; readonly classIndex: number }[],
  ): Promise<(FoundPlace | undefined)[]> {
    const outputs = await this.#forward.run({ [forwardNames.planes]: this.#planesTensor(planes) });
    const scores = floats(outputs[forwardNames.scores]);
    const boxes = floats(outputs[forwardNames.boxes]);
    const classCount = this.manifest.classes.length;
    const { activation } = this.network.head;
    return targets.map(({ box, classIndex }) => {
      let found: FoundPlace | undefined;
      for (let place = 0; place < boxes.length / 4; place++) {
        const raw = scores[place * classCount + classIndex] ?? 0;
        const score = activation === 'sigmoid' ? 1 / (1 + Math.exp(-raw)) : raw;
        if (score <= (found?.score ?? 0)) continue;
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * place, 4 * place + 4);
        const overlap = iou({ x1, y1, x2, y2 }, box);
        if (overlap >= SAME_BOX_IOU) found = { place, classIndex, score, iou: overlap };
      }
      return found;
    });
  }

  /** What the scalar of a place and class is, before the head's last activation where it is left to us. */
  async scoreAt(
    planes: Float32Array,
    { place, classIndex }: Pick<FoundPlace, 'place' | 'classIndex'>,
  ): Promise<number> {
    const outputs = await this.#forward.run({ [forwardNames.planes]: this.#planesTensor(planes) });
    return floats(outputs[forwardNames.scores])[place * this.manifest.classes.length + classIndex] ?? NaN;
  }

  /**
   * Activations and gradients of every layer for every place, in one run.
   * @returns `[target][layer]`, and with `atPicture` each target's gradient at the planes [3, H, W]
   */
  async gradients(
    planes: Float32Array,
    places: readonly Pick<FoundPlace, 'place' | 'classIndex'>[],
  ): Promise<{ readonly layers: LayerGradient[][]; readonly atPicture: Float32Array[] }> {
    const classCount = this.manifest.classes.length;
    const flat = BigInt64Array.from(places, ({ place, classIndex }) => BigInt(place * classCount + classIndex));
    const outputs = await this.#backward.run({
      [forwardNames.planes]: this.#planesTensor(planes),
      [gradientNames.targets]: new Tensor('int64', flat, [places.length]),
    });
    const ofTarget = (data: Float32Array, k: number): Float32Array => {
      const size = data.length / places.length;
      return data.slice(k * size, (k + 1) * size);
    };
    const layers = places.map((_, k) =>
      this.layers.map((layer, i): LayerGradient => {
        const value = outputs[gradientNames.value(i)];
        const [, channels = 0, rows = 0, columns = 0] = value?.dims ?? [];
        const shape = { channels, rows, columns };
        const gradients = ofTarget(floats(outputs[gradientNames.gradient(i)]), k);
        return { layer, activations: { ...shape, data: floats(value) }, gradients: { ...shape, data: gradients } };
      }),
    );
    const atPicture = outputs[gradientNames.gradient(this.layers.length)];
    return { layers, atPicture: atPicture ? places.map((_, k) => ofTarget(floats(atPicture), k)) : [] };
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    for (const session of [this.#planes, this.#forward, this.#backward]) await session.release();
  }

  #planesTensor(planes: Float32Array): Tensor {
    const { width, height } = this.manifest.input;
    return new Tensor('float32', planes, [1, 3, height, width]);
  }
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new TypeError('a tensor of floats was expected');
}
