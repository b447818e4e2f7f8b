import { ExpectedError } from '../errors.js';
import { GraphBuilder, opsetOf } from '../onnx/graphBuilder.js';
import { GraphIndex } from '../onnx/graphIndex.js';
import { readModel, writeModel } from '../onnx/modelFile.js';
import { DataType, type Model } from '../onnx/schema.js';
import { anchorGrid, type AnchorGrid } from './anchors.js';
import { findClassHead, type ClassHead } from './classHead.js';
import { decodeBoxes, gatherRows, joinLevels } from './graphStages.js';
import { needsContentSize, networkInputs, normalise, toPlanes } from './inputStages.js';
import { efficientDetFiles, type ModelFiles } from './manifest.js';
import type { EfficientDetManifest } from './manifestSchema.js';
import { checkTensors } from './tensorCheck.js';

/** A plain model as a manifest describes it, read and understood, ready to be composed into larger graphs. */
export interface PlainDetector {
  readonly manifest: EfficientDetManifest;
  readonly model: Model;
  readonly anchors: AnchorGrid;
  readonly head: ClassHead;
}

/**
 * Reads a plain EfficientDet and finds its class head.
 * @throws ExpectedError `model` where the file is no ONNX model or does not fit its manifest
 */
export function readPlainDetector(files: ModelFiles): PlainDetector {
  const { manifest, bytes, modelPath } = efficientDetFiles(files);
  const model = readModel(bytes, modelPath);
  const index = new GraphIndex(model.graph);
  if (!index.inputs.includes(manifest.input.name))
    throw new ExpectedError(
      'model',
      `${modelPath} has no input named ${manifest.input.name}; its inputs are ${index.inputs.join(', ')}`,
      'correct input.name in the manifest',
    );
  const anchors = anchorGrid(manifest.input, manifest.anchors);
  checkTensors(index, manifest, anchors);
  return { manifest, model, anchors, head: findClassHead(index, manifest, anchors.levels.length) };
}

/** Names of the composed graph's inputs and outputs. */
export const tensorNames = {
  /** uint8 [N, H, W, 3], RGB. */
  pixels: 'pixels',
  /** int32 [N, 2]: height and width of the picture in the input's top left corner; only for letterboxed models. */
  contentSize: 'content_size',
  /** float32 [N, K, 4]: x1, y1, x2, y2 in input pixels. */
  boxes: 'boxes',
  /** float32 [N, K]: sigmoid of the best class's logit, descending. */
  scores: 'scores',
  /** int32 [N, K]. */
  classes: 'classes',
  /** int32 [N, K]: index into the anchor grid. */
  anchors: 'anchors',
  /** int64 [1]: anchors that the model really has. */
  anchorCount: 'anchor_count',
  /** int64 [3]: the shape of the box regression that the model really has, N, anchors, 4. */
  regressionShape: 'regression_shape',
  /** float32 [N, F, h, w]: what enters the class head's last separable convolution. */
  features: (level: number): string => `features_${level}`,
} as const;

/**
 * One graph from camera pixels to the K best anchors: uint8 → normalisation → network → best class of each anchor → top K →
 * box decoding of only those → class-head features beside them.
 * @param topK anchors to keep, highest scores first; fewer where the model has fewer anchors
 * @returns the ONNX file
 */
export function composeDetector({ manifest, model, anchors, head }: PlainDetector, topK: number): Uint8Array {
  const { width, height } = manifest.input;
  const classCount = manifest.classes.length;
  const graph = new GraphBuilder(opsetOf(model));
  const pixels = graph.input(tensorNames.pixels, DataType.uint8, ['n', height, width, 3]);
  const contentSize = needsContentSize(manifest.input)
    ? graph.input(tensorNames.contentSize, DataType.int32, ['n', 2])
    : undefined;
  const planes = toPlanes(graph, pixels, manifest.input, contentSize);
  const images = normalise(graph, planes, manifest.input, contentSize);
  const inner = graph.embed(model, { prefix: 'network/', inputs: networkInputs(graph, images, manifest.input) });
  const logits = joinLevels(graph, manifest.outputs.classLogits.map(inner), classCount);
  const regression = joinLevels(graph, manifest.outputs.boxRegression.map(inner), 4);

  const k = graph.integers('k', [Math.min(topK, anchors.count)]);
  const [best = '', indices = ''] = graph.nodes('TopK', [graph.reduceMax(logits, 2), k], { axis: 1 }, 2);
  const scores = head.probabilities ? best : graph.node('Sigmoid', [best]);
  const classes = graph.node('ArgMax', [gatherRows(graph, logits, indices, classCount)], { axis: 2, keepdims: 0 });
  const boxes = decodeBoxes(graph, regression, indices, anchors);
  const anchorCount = graph.node('Gather', [graph.node('Shape', [logits]), graph.integers('axis', [1])], { axis: 0 });

  const int32 = (tensor: string): string => graph.node('Cast', [tensor], { to: DataType.int32 });
  graph.output(boxes, tensorNames.boxes, DataType.float32, ['n', 'k', 4]);
  graph.output(scores, tensorNames.scores, DataType.float32, ['n', 'k']);
  graph.output(int32(classes), tensorNames.classes, DataType.int32, ['n', 'k']);
  graph.output(int32(indices), tensorNames.anchors, DataType.int32, ['n', 'k']);
  graph.output(anchorCount, tensorNames.anchorCount, DataType.int64, [1]);
  graph.output(graph.node('Shape', [regression]), tensorNames.regressionShape, DataType.int64, [3]);
  anchors.levels.forEach(({ level, rows, columns }, i) => {
    const channels = head.weights[i]?.channels ?? 0;
    const features = inner(head.features[i] ?? '');
    graph.output(features, tensorNames.features(level), DataType.float32, ['n', channels, rows, columns]);
  });
  return writeModel(graph.build());
}
