import type { GraphBuilder } from '../onnx/graphBuilder.js';
import { DataType, type Tensor } from '../onnx/schema.js';
import { float32Tensor, int64Tensor } from '../onnx/tensors.js';
import { slice } from './graphStages.js';
import type { ModelManifest } from './manifestSchema.js';

/**
 * What happens to a picture before a plain network, as a few ONNX nodes. A picture always comes laid into the top left corner; where the network
 * wants it in the middle, the graph moves it there. N pictures.
 */

type Input = ModelManifest['input'];

/** Whether the graph has to be told which part of the input the picture fills. */
export function needsContentSize({ resize }: Pick<Input, 'resize'>): boolean {
  return resize !== 'stretch';
}

/**
 * Pixels [N, H, W, 3], uint8, RGB → [N, 3, H, W], float32, still 0 to 255, colours in the network's order, the picture where the network wants it.
 * @param contentSize int32 [N, 2], see `normalise`
 */
export function toPlanes(graph: GraphBuilder, pixels: string, input: Input, contentSize?: string): string {
  const placed =
    contentSize !== undefined && input.resize === 'letterbox-centre'
      ? centred(graph, pixels, input, contentSize)
      : pixels;
  const floats = graph.node('Cast', [placed], { to: DataType.float32 });
  const planes = graph.node('Transpose', [floats], { perm: [0, 3, 1, 2] });
  return input.order === 'rgb' ? planes : graph.node('Gather', [planes, graph.integers('bgr', [2, 1, 0])], { axis: 1 });
}

/**
 * `(pixel / scale − mean) / std`, and the padding around the picture: zero after normalisation, or a grey.
 * @param planes [N, 3, H, W], 0 to 255
 * @param contentSize int32 [N, 2], height and width of the picture in the top left corner (or the middle); left out: it fills the input
 */
export function normalise(
  graph: GraphBuilder,
  planes: string,
  { width, height, mean, std, scale, padding, resize }: Input,
  contentSize?: string,
): string {
  const grey = mean.map((value, channel) => (padding === undefined ? 0 : (padding / scale - value) / std[channel]));
  const factor = std.map((deviation) => 1 / (scale * deviation));
  const offset = mean.map((value, channel) => -value / std[channel] - (contentSize === undefined ? 0 : grey[channel]));
  const scaled = graph.node('Mul', [planes, graph.floats('factor', factor, [1, 3, 1, 1])]);
  const normalised = graph.node('Add', [scaled, graph.floats('offset', offset, [1, 3, 1, 1])]);
  if (contentSize === undefined) return normalised;
  const limits = graph.node('Cast', [contentSize], { to: DataType.float32 });
  const inside = (axis: 0 | 1, length: number, shape: readonly number[]): string => {
    const limit = graph.node('Gather', [limits, graph.integers('axis', [axis])], { axis: 1 });
    const position = graph.floats(
      'position',
      Array.from({ length }, (_, i) => i),
      shape,
    );
    if (resize !== 'letterbox-centre') return graph.node('Less', [position, graph.reshape(limit, [-1, 1, 1, 1])]);
    const margin = graph.node('Sub', [graph.floats('length', [length], [1]), limit]);
    const start = graph.node('Floor', [graph.node('Mul', [margin, graph.floats('half', [0.5], [1])])]);
    const moved = graph.node('Sub', [position, graph.reshape(start, [-1, 1, 1, 1])]);
    const before = graph.node('Less', [moved, graph.floats('zero', [0], [1])]);
    return graph.node('And', [
      graph.node('Not', [before]),
      graph.node('Less', [moved, graph.reshape(limit, [-1, 1, 1, 1])]),
    ]);
  };
  // Two multiplications by small masks; `Where` takes more than twice as long on the CPU.
  const mask = graph.node('And', [inside(0, height, [1, 1, height, 1]), inside(1, width, [1, 1, 1, width])]);
  const shown = graph.node('Mul', [normalised, graph.node('Cast', [mask], { to: DataType.float32 })]);
  return padding === undefined ? shown : graph.node('Add', [shown, graph.floats('padding', grey, [1, 3, 1, 1])]);
}

/** Normalised planes [N, 3, H, W] as the network takes them: axes and element type. */
export function toNetwork(graph: GraphBuilder, planes: string, { layout, type }: Input): string {
  const placed = layout === 'nchw' ? planes : graph.node('Transpose', [planes], { perm: [0, 2, 3, 1] });
  switch (type) {
    case 'float32':
      return placed;
    case 'float16':
      return graph.node('Cast', [placed], { to: DataType.float16 });
    case 'uint8':
      // Masked pictures are no whole numbers.
      return graph.node('Cast', [graph.node('Round', [placed])], { to: DataType.uint8 });
  }
}

/**
 * The network's inputs, by name: the picture and what goes beside it.
 * @param planes from `normalise`
 */
export function networkInputs(graph: GraphBuilder, planes: string, input: Input): Record<string, string> {
  const others = Object.entries(input.others ?? {}).map(([name, other]) => [
    name,
    graph.constant(name, tensorOf(other)),
  ]);
  return { [input.name]: toNetwork(graph, planes, input), ...(Object.fromEntries(others) as Record<string, string>) };
}

type OtherInput = NonNullable<Input['others']>[string];

/** The values of an input beside the picture, a single one repeated. */
export function otherValues({ shape, values }: OtherInput): number[] {
  const length = shape.reduce((product, side) => product * side, 1);
  return values.length === 1 ? new Array<number>(length).fill(values[0] ?? 0) : values;
}

function tensorOf(other: OtherInput): Tensor {
  const { type, shape } = other;
  const filled = otherValues(other);
  if (type === 'float32') return float32Tensor(filled, shape);
  if (type === 'int64') return int64Tensor(filled, shape);
  return {
    dims: [...shape],
    dataType: DataType.bool,
    rawData: Uint8Array.from(filled, (value) => (value === 0 ? 0 : 1)),
  };
}

/** The picture moved from the top left corner into the middle: rows and columns go round. */
function centred(graph: GraphBuilder, pixels: string, { width, height }: Input, contentSize: string): string {
  const sizes = graph.node('Cast', [slice(graph, contentSize, 0, 1, 0)], { to: DataType.int64 });
  const around = (tensor: string, axis: 0 | 1, length: number): string => {
    const size = graph.reshape(slice(graph, sizes, axis, axis + 1, 1), [1]);
    const margin = graph.node('Sub', [graph.integers('length', [length]), size]);
    const start = graph.node('Div', [margin, graph.integers('two', [2])]);
    const end = graph.node('Sub', [graph.integers('length', [length]), start]);
    const axes = graph.integers('axes', [axis + 1]);
    const part = (from: string, to: string): string => graph.node('Slice', [tensor, from, to, axes]);
    const last = part(end, graph.integers('length', [length]));
    return graph.node('Concat', [last, part(graph.integers('zero', [0]), end)], { axis: axis + 1 });
  };
  return around(around(pixels, 0, height), 1, width);
}
