import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { ExpectedError } from '../errors.js';
import type { AnchorGrid } from './anchors.js';
import { tensorNames } from './composedDetector.js';
import type { FeatureMaps } from './featureMaps.js';

/** What the composed graph says about one picture: the K best anchors, best first. */
export interface GraphOutputs {
  /** [K, 4]: x1, y1, x2, y2 in input pixels. */
  readonly boxes: Float32Array;
  /** [K], in [0, 1]. */
  readonly scores: Float32Array;
  /** [K]. */
  readonly classes: Int32Array;
  /** [K]: index into the anchor grid. */
  readonly anchors: Int32Array;
  readonly features: FeatureMaps;
}

/** Reads the outputs of a run on one picture. */
export function graphOutputs(
  outputs: InferenceSession.OnnxValueMapType,
  grid: Pick<AnchorGrid, 'levels'>,
): GraphOutputs {
  return {
    boxes: floats(outputs, tensorNames.boxes).data,
    scores: floats(outputs, tensorNames.scores).data,
    classes: ints(outputs, tensorNames.classes),
    anchors: ints(outputs, tensorNames.anchors),
    features: grid.levels.map(({ level }) => {
      const { data, dims } = floats(outputs, tensorNames.features(level));
      const [, channels = 0, rows = 0, columns = 0] = dims;
      return { level, channels, rows, columns, data };
    }),
  };
}

/**
 * Checks that the model behind the graph has the shapes that its manifest promises.
 * @throws ExpectedError `model`
 */
export function checkShapes(outputs: InferenceSession.OnnxValueMapType, grid: AnchorGrid, className: string): void {
  const misfit = (what: string, remedy: string): ExpectedError =>
    new ExpectedError('model', `${className} does not fit its manifest: ${what}`, remedy);
  const count = outputs[tensorNames.anchorCount]?.data[0];
  if (Number(count) !== grid.count)
    throw misfit(
      `it scores ${count} anchors where the input size and anchors of the manifest make ${grid.count}`,
      'correct input.width, input.height and anchors in the manifest',
    );
  const [, boxes, sides] = Array.from(outputs[tensorNames.regressionShape]?.data as BigInt64Array, Number);
  if (boxes !== grid.count || sides !== 4)
    throw misfit(
      `its box regression has ${boxes} rows of ${sides} where its ${grid.count} anchors have 4 sides each`,
      'correct outputs.boxRegression in the manifest',
    );
  const { features, scores } = graphOutputs(outputs, grid);
  features.forEach(({ level, rows, columns, data }, i) => {
    const expected = grid.levels[i];
    if (rows !== expected?.rows || columns !== expected.columns)
      throw misfit(
        `the class head's features of level ${level} are ${columns}×${rows} where ${expected?.columns}×${expected?.rows} were expected`,
        'correct outputs.headFeatures in the manifest, finest level first',
      );
    if (!data.every(Number.isFinite)) throw misfit(`the features of level ${level} are not finite`, 'export it again');
  });
  if (!scores.every(Number.isFinite)) throw misfit('its scores are not finite', 'export it again');
}

function floats(
  outputs: InferenceSession.OnnxValueMapType,
  name: string,
): { data: Float32Array; dims: readonly number[] } {
  const tensor = outputs[name];
  if (!(tensor instanceof Tensor) || !(tensor.data instanceof Float32Array))
    throw new TypeError(`output ${name} is not float32`);
  return { data: tensor.data, dims: tensor.dims };
}

function ints(outputs: InferenceSession.OnnxValueMapType, name: string): Int32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Int32Array)) throw new TypeError(`output ${name} is not int32`);
  return data;
}
