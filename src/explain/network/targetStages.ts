import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import { gatherFlat } from '../../detector/flatOutputs.js';
import { boxCorners, slice, type Corners } from '../../detector/graphStages.js';

/**
 * Finding targets again among raw anchors, as graph nodes. B masked pictures, T targets, K candidate anchors of each,
 * C classes. Candidates stand in the last axis, along which everything is the same arithmetic.
 */

export interface CandidateInputs {
  /** int32 [T, C, K]: where the candidates' class logits lie in `flatOutputs`. */
  readonly classIndices: string;
  /** int32 [T, 4, K]: where their box regression lies. */
  readonly boxIndices: string;
  /** float32 [T, 2, K]: their centres, y and x. */
  readonly centres: string;
  /** float32 [T, 2, K]: their heights and widths. */
  readonly sides: string;
  /** float32 [T, 4, 1]: the targets, y1, x1, y2, x2 in input pixels. */
  readonly boxes: string;
  /** float32 [T, 1, C]: the targets' class vectors, scaled to length 1. */
  readonly vectors: string;
  /** float32 [2]: least best score, least IoU. */
  readonly thresholds: string;
  /** float32 [2, 1]: height and width of the picture; boxes are clipped to it, as detections are. */
  readonly limits: string;
}

/** K and C. */
export interface CandidateCounts {
  readonly candidates: number;
  readonly classes: number;
}

export interface CandidateScores {
  /** float32 [B, T]: IoU of the box that the rule chooses; 0 where there is none. */
  readonly ious: string;
  /** float32 [B, T, C]: its class probabilities; meaningless where the IoU is 0. */
  readonly vectors: string;
  /** float32 [B, T]: D-RISE's similarity. */
  readonly similarities: string;
}

/**
 * The study's rule: of the boxes whose best class has at least the least score and that overlap the target by at least the
 * least IoU, the one with the highest IoU. Beside it D-RISE's `max_j IoU(t, j) · cos(v_t, v_j)` over the boxes with at least
 * the least score, objectness left out as EfficientDet has none (Petsiuk et al. 2021, equation 3).
 * @param logits [B, anchors · C] and regression [B, anchors · 4], both from `flatOutputs`
 * @param probabilities true where the model's own output is already a sigmoid
 */
export function scoreCandidates(
  graph: GraphBuilder,
  { logits, regression }: { readonly logits: string; readonly regression: string },
  inputs: CandidateInputs,
  { candidates, classes }: CandidateCounts,
  probabilities: boolean,
): CandidateScores {
  const gathered = graph.reshape(gatherFlat(graph, logits, inputs.classIndices), [0, -1, classes, candidates]);
  const scores = probabilities ? gathered : graph.node('Sigmoid', [gathered]);
  const best = graph.reduceMax(scores, 2);
  const deltas = graph.reshape(gatherFlat(graph, regression, inputs.boxIndices), [0, -1, 4, candidates]);
  const { low, high } = boxCorners(graph, deltas, inputs.centres, inputs.sides, 2);
  const clipped = (corner: string): string =>
    graph.node('Max', [graph.node('Min', [corner, inputs.limits]), graph.floats('zero', [0], [1])]);
  const overlap = intersectionOverUnion(graph, { low: clipped(low), high: clipped(high) }, inputs.boxes);

  const leastScore = slice(graph, inputs.thresholds, 0, 1, 0);
  const leastIou = slice(graph, inputs.thresholds, 1, 2, 0);
  const zero = graph.floats('zero', [0], [1]);
  const visible = atLeast(graph, best, leastScore);
  const eligible = graph.node('And', [visible, atLeast(graph, overlap, leastIou)]);
  const key = graph.node('Where', [eligible, overlap, zero]);
  const chosen = graph.reshape(graph.node('ArgMax', [key], { axis: 2, keepdims: 1 }), [0, 0, 1, 1]);
  const wide = graph.node('Expand', [chosen, graph.integers('width', [1, 1, classes, 1])]);
  const vectors = graph.reshape(graph.node('GatherElements', [scores, wide], { axis: 3 }), [0, 0, -1]);

  const dot = graph.node('MatMul', [inputs.vectors, scores]);
  const ones = graph.floats('ones', new Float32Array(classes).fill(1), [1, classes]);
  const squares = graph.node('MatMul', [ones, graph.node('Mul', [scores, scores])]);
  const cosine = graph.node('Div', [dot, graph.node('Sqrt', [squares])]);
  const likeness = graph.node('Mul', [graph.reshape(cosine, [0, 0, -1]), overlap]);
  const near = graph.node('And', [visible, graph.node('Greater', [overlap, zero])]);
  const similarities = graph.reduceMax(graph.node('Where', [near, likeness, zero]), 2);
  return { ious: graph.reduceMax(key, 2), vectors, similarities };
}

/** IoU [B, T, K] of boxes [B, T, 2, K] with targets [T, 4, 1]; NaN where an untrained network's box is infinite. */
function intersectionOverUnion(graph: GraphBuilder, { low, high }: Corners, targets: string): string {
  const [targetLow, targetHigh] = [slice(graph, targets, 0, 2, 1), slice(graph, targets, 2, 4, 1)];
  const product = (from: string, to: string, axis: number): string =>
    graph.reduceProduct(graph.node('Sub', [to, from]), axis);
  const shared = graph.reduceProduct(
    graph.node('Relu', [
      graph.node('Sub', [graph.node('Min', [high, targetHigh]), graph.node('Max', [low, targetLow])]),
    ]),
    2,
  );
  const areas = graph.node('Add', [product(low, high, 2), product(targetLow, targetHigh, 1)]);
  return graph.node('Div', [shared, graph.node('Sub', [areas, shared])]);
}

/** `a ≥ b`, false for NaN; the operator of that name is younger than the oldest operator set here. */
function atLeast(graph: GraphBuilder, a: string, b: string): string {
  return graph.node('Or', [graph.node('Greater', [a, b]), graph.node('Equal', [a, b])]);
}
