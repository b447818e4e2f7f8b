import { floatOutputs } from '../../detector/boxNetwork.js';
import { tensorNames } from '../../detector/composedDetector.js';
import type { BoxNetwork } from '../../detector/families/family.js';
import { needsContentSize, networkInputs, normalise, toPlanes } from '../../detector/inputStages.js';
import { GraphBuilder, opsetOf } from '../../onnx/graphBuilder.js';
import { DataType, type Model } from '../../onnx/schema.js';

/** Names in the graphs below. */
export const forwardNames = {
  /** float32 [1, 3, H, W]: the picture after normalisation. */
  planes: 'planes',
  /** float32 [1, M, C], before the head's last activation where it is left to us. */
  scores: 'scores',
  /** float32 [1, M, 4]: x1, y1, x2, y2 in input pixels. */
  boxes: 'boxes',
  /** A tensor of the plain model. */
  inner: (name: string): string => `network/${name}`,
} as const;

/** Pixels, and how large the picture in them is, to normalised planes: what gradients at the picture are gradients of. */
export function composePlanes({ manifest: { input }, model }: BoxNetwork): Model {
  const graph = new GraphBuilder(opsetOf(model));
  const pixels = graph.input(tensorNames.pixels, DataType.uint8, [1, input.height, input.width, 3]);
  const contentSize = needsContentSize(input)
    ? graph.input(tensorNames.contentSize, DataType.int32, [1, 2])
    : undefined;
  const planes = normalise(graph, toPlanes(graph, pixels, input, contentSize), input, contentSize);
  graph.output(planes, forwardNames.planes, DataType.float32, [1, 3, input.height, input.width]);
  return graph.build();
}

/** Normalised planes to the scores of all classes at all places, and their boxes: no activation, suppression or selection behind them. */
export function composeForward({ manifest, model, head }: BoxNetwork): Model {
  const { input, classes } = manifest;
  const graph = new GraphBuilder(opsetOf(model));
  const planes = graph.input(forwardNames.planes, DataType.float32, [1, 3, input.height, input.width]);
  const inner = graph.embed(model, { prefix: forwardNames.inner(''), inputs: networkInputs(graph, planes, input) });
  const found = head.scoredBoxes(graph, floatOutputs(graph, model, inner));
  graph.output(found.scores, forwardNames.scores, DataType.float32, [1, 'm', classes.length]);
  graph.output(found.boxes, forwardNames.boxes, DataType.float32, [1, 'm', 4]);
  return graph.build();
}
