import { GraphBuilder, opsetOf } from '../../onnx/graphBuilder.js';
import { writeModel } from '../../onnx/modelFile.js';
import { DataType } from '../../onnx/schema.js';
import type { AnchorGrid } from '../../detector/anchors.js';
import type { PlainDetector } from '../../detector/composedDetector.js';
import { flatBest, flatLayout, flatOutputs } from '../../detector/flatOutputs.js';
import { boxCorners, gatherRows } from '../../detector/graphStages.js';
import { needsContentSize, networkInputs, normalise, toPlanes } from '../../detector/inputStages.js';
import { floatOutputs } from '../../detector/boxNetwork.js';
import type { BoxNetwork } from '../../detector/families/family.js';
import { gridMasks, maskedPictures, type GridInputs } from './maskStages.js';
import { scoreCandidates } from './targetStages.js';

/**
 * How masks come in: as coarse grids that the graph upsamples, or ready at the size of the input; `features` are grids that mask
 * the backbone's output maps instead of the picture (see liveGraph.ts).
 */
export type MaskKind = 'grids' | 'full' | 'features';
/** Where a target is looked for: among its candidate anchors, in the graph, or among all detections after suppression. */
export type SearchSpace = 'anchors' | 'nms';

/** A network that masks can be put before: EfficientDet, or one of any other family. */
export type MaskableNetwork = PlainDetector | BoxNetwork;

/** Whether targets are looked for inside the graph, which only EfficientDet's anchors allow; else among the boxes that leave it. */
export function searchesInside(network: MaskableNetwork, search: SearchSpace): network is PlainDetector {
  return 'anchors' in network && search === 'anchors';
}

/** Names of the inputs and outputs of the graphs below. */
export const maskedTensors = {
  pixels: 'pixels',
  fill: 'fill',
  contentSize: 'content_size',
  contrast: 'contrast',
  ground: 'ground',
  grids: 'grids',
  offsets: 'offsets',
  steps: 'steps',
  masks: 'masks',
  classIndices: 'class_indices',
  boxIndices: 'box_indices',
  centres: 'anchor_centres',
  sides: 'anchor_sides',
  targetBoxes: 'target_boxes',
  targetVectors: 'target_vectors',
  thresholds: 'thresholds',
  limits: 'limits',
  leastLogit: 'least_logit',
  /** float32 [B, T] and [B, T, C]: see targetStages. */
  ious: 'ious',
  vectors: 'vectors',
  similarities: 'similarities',
  /** float32 [B, K, 2] each, y and x: corners of the best boxes. */
  low: 'low',
  high: 'high',
  /** float32 [B, K, C]: their class probabilities. */
  probabilities: 'probabilities',
} as const;

/**
 * Once for each picture: uint8 pixels [1, H, W, 3] and fill [1, H, W, 3] → `contrast` and `ground` [1, 3, H, W], see
 * `maskedPictures`. Both are zero in the padding, so that it stays what the model was trained with whatever the mask.
 */
export function composePreparation({ manifest, model }: MaskableNetwork): Uint8Array {
  const { width, height } = manifest.input;
  const graph = new GraphBuilder(opsetOf(model));
  const names = maskedTensors;
  const contentSize = needsContentSize(manifest.input)
    ? graph.input(names.contentSize, DataType.int32, [1, 2])
    : undefined;
  const normalised = (name: string): string => {
    const pixels = graph.input(name, DataType.uint8, [1, height, width, 3]);
    return normalise(graph, toPlanes(graph, pixels, manifest.input, contentSize), manifest.input, contentSize);
  };
  const picture = normalised(names.pixels);
  const ground = normalised(names.fill);
  const shape = [1, 3, height, width];
  graph.output(graph.node('Sub', [picture, ground]), names.contrast, DataType.float32, shape);
  graph.output(ground, names.ground, DataType.float32, shape);
  return writeModel(graph.build());
}

/**
 * Once for each batch of masks: masks → masked pictures → network → the targets' scores (`anchors`), or the best `topK`
 * boxes for suppression outside (`nms`).
 */
export function composeMasked(
  plain: MaskableNetwork,
  masks: Exclude<MaskKind, 'features'>,
  search: SearchSpace,
  topK: number,
): Uint8Array {
  const { manifest, model } = plain;
  const { width, height } = manifest.input;
  const graph = new GraphBuilder(opsetOf(model));
  const names = maskedTensors;
  const plane = [1, 3, height, width];
  const contrast = graph.input(names.contrast, DataType.float32, plane);
  const ground = graph.input(names.ground, DataType.float32, plane);
  const full =
    masks === 'full'
      ? graph.input(names.masks, DataType.float32, ['b', height, width])
      : gridMasks(graph, gridInputs(graph), manifest.input);
  const images = maskedPictures(graph, full, { contrast, ground }, manifest.input);
  const inner = graph.embed(model, { prefix: 'network/', inputs: networkInputs(graph, images, manifest.input) });
  scoreTargets(graph, plain, inner, search, topK);
  return writeModel(graph.build());
}

/** Ends a graph whose network makes its outputs of masked pictures: scores its targets, or picks the best `topK` boxes. */
export function scoreTargets(
  graph: GraphBuilder,
  network: MaskableNetwork,
  inner: (name: string) => string,
  search: SearchSpace,
  topK: number,
): void {
  if (!('anchors' in network)) {
    bestPlaces(graph, network, inner, topK);
    return;
  }
  const { manifest, anchors, head } = network;
  const outputs = {
    classes: manifest.outputs.classLogits.map(inner),
    boxes: manifest.outputs.boxRegression.map(inner),
    classCount: manifest.classes.length,
    probabilities: head.probabilities,
  };
  if (search === 'anchors') searchAnchors(graph, outputs, candidateCount(anchors));
  else bestBoxes(graph, outputs, anchors, Math.min(topK, anchors.count));
}

/** Declares the inputs of masks that come as grids. */
export function gridInputs(graph: GraphBuilder): GridInputs {
  const names = maskedTensors;
  return {
    grids: graph.input(names.grids, DataType.float32, ['b', 'rows', 'columns']),
    offsets: graph.input(names.offsets, DataType.float32, ['b', 2]),
    steps: graph.input(names.steps, DataType.float32, [2]),
  };
}

interface NetworkOutputs {
  readonly classes: readonly string[];
  readonly boxes: readonly string[];
  readonly classCount: number;
  readonly probabilities: boolean;
}

/** Candidate anchors of a target. */
const CANDIDATES = 512;

/** Candidates of each target, fewer where the model has fewer anchors. */
export function candidateCount({ count }: AnchorGrid): number {
  return Math.min(CANDIDATES, count);
}

function searchAnchors(
  graph: GraphBuilder,
  { classes, boxes, classCount, probabilities }: NetworkOutputs,
  candidates: number,
): void {
  const names = maskedTensors;
  const found = scoreCandidates(
    graph,
    { logits: flatOutputs(graph, classes), regression: flatOutputs(graph, boxes) },
    {
      classIndices: graph.input(names.classIndices, DataType.int32, ['t', classCount, candidates]),
      boxIndices: graph.input(names.boxIndices, DataType.int32, ['t', 4, candidates]),
      centres: graph.input(names.centres, DataType.float32, ['t', 2, candidates]),
      sides: graph.input(names.sides, DataType.float32, ['t', 2, candidates]),
      boxes: graph.input(names.targetBoxes, DataType.float32, ['t', 4, 1]),
      vectors: graph.input(names.targetVectors, DataType.float32, ['t', 1, classCount]),
      thresholds: graph.input(names.thresholds, DataType.float32, [2]),
      limits: graph.input(names.limits, DataType.float32, [2, 1]),
    },
    { candidates, classes: classCount },
    probabilities,
  );
  graph.output(found.ious, names.ious, DataType.float32, ['b', 't']);
  graph.output(found.vectors, names.vectors, DataType.float32, ['b', 't', classCount]);
  graph.output(found.similarities, names.similarities, DataType.float32, ['b', 't']);
}

/**
 * How many of the best boxes have to be looked at, [1]: those above the threshold, as few as they are behind most masks, but one
 * at least and `topK` at most.
 */
function worthLooking(graph: GraphBuilder, best: string, topK: number): string {
  const least = graph.input(maskedTensors.leastLogit, DataType.float32, [1]);
  const above = graph.node('Cast', [graph.node('Greater', [best, least])], { to: DataType.float32 });
  const count = graph.node('ReduceSum', [above], { keepdims: 0 });
  const bounded = graph.node('Max', [
    graph.node('Min', [count, graph.floats('most', [topK], [1])]),
    graph.floats('one', [1], [1]),
  ]);
  return graph.node('Cast', [bounded], { to: DataType.int64 });
}

function bestBoxes(graph: GraphBuilder, outputs: NetworkOutputs, anchors: AnchorGrid, topK: number): void {
  const names = maskedTensors;
  const { classes, boxes, classCount, probabilities } = outputs;
  const { order } = flatLayout(anchors, 1, classes.length > 1);
  const best = flatBest(graph, classes, anchors, classCount);
  const [, positions] = graph.nodes('TopK', [best, worthLooking(graph, best, topK)], { axis: 1 }, 2);
  const chosen = graph.node('Gather', [graph.integers('order', [...order]), positions], { axis: 0 });
  const rows = (tensors: readonly string[], depth: number): string => {
    const { at } = flatLayout(anchors, depth, tensors.length > 1);
    const bases = graph.integers(
      'bases',
      Array.from({ length: anchors.count }, (_, anchor) => at(anchor, 0)),
    );
    const steps = graph.integers(
      'steps',
      Array.from({ length: anchors.count }, (_, anchor) => at(anchor, 1) - at(anchor, 0)),
    );
    const column = (table: string): string =>
      graph.reshape(graph.node('Gather', [table, chosen], { axis: 0 }), [0, -1, 1]);
    const depths = graph.integers(
      'depths',
      Array.from({ length: depth }, (_, d) => d),
      [1, 1, depth],
    );
    const indices = graph.node('Add', [column(bases), graph.node('Mul', [column(steps), depths])]);
    const values = graph.node('GatherElements', [flatOutputs(graph, tensors), graph.reshape(indices, [0, -1])], {
      axis: 1,
    });
    return graph.reshape(values, [0, -1, depth]);
  };
  const anchorRows = (name: string, from: number): string => {
    const values = Float32Array.from(
      { length: 2 * anchors.count },
      (_, i) => anchors.boxes[4 * (i >> 1) + from + (i & 1)],
    );
    return graph.node('Gather', [graph.floats(name, values, [anchors.count, 2]), chosen], { axis: 0 });
  };
  const logits = rows(classes, classCount);
  const corners = boxCorners(graph, rows(boxes, 4), anchorRows('centres', 0), anchorRows('sides', 2));
  graph.output(corners.low, names.low, DataType.float32, ['b', 'k', 2]);
  graph.output(corners.high, names.high, DataType.float32, ['b', 'k', 2]);
  const values = probabilities ? logits : graph.node('Sigmoid', [logits]);
  graph.output(values, names.probabilities, DataType.float32, ['b', 'k', classCount]);
}

/** The best `topK` places of a network of any other family, with the probabilities of all classes. */
function bestPlaces(
  graph: GraphBuilder,
  { manifest, model, head }: BoxNetwork,
  inner: (name: string) => string,
  topK: number,
): void {
  const names = maskedTensors;
  const classCount = manifest.classes.length;
  const { scores, boxes } = head.scoredBoxes(graph, floatOutputs(graph, model, inner));
  const best = graph.reduceMax(scores, 2);
  const length = graph.node('Gather', [graph.node('Shape', [best]), graph.integers('axis', [1])], { axis: 0 });
  const wanted = graph.node('Min', [worthLooking(graph, best, topK), length]);
  const [, places = ''] = graph.nodes('TopK', [best, wanted], { axis: 1 }, 2);
  const corners = gatherRows(graph, boxes, places, 4);
  const corner = (order: readonly number[]): string =>
    graph.node('Gather', [corners, graph.integers('order', order)], { axis: 2 });
  graph.output(corner([1, 0]), names.low, DataType.float32, ['b', 'k', 2]);
  graph.output(corner([3, 2]), names.high, DataType.float32, ['b', 'k', 2]);
  const values = gatherRows(graph, scores, places, classCount);
  const probabilities = head.activation === 'sigmoid' ? graph.node('Sigmoid', [values]) : values;
  graph.output(probabilities, names.probabilities, DataType.float32, ['b', 'k', classCount]);
}
