import { ExpectedError } from '../../errors.js';
import { Dominators } from '../../onnx/dominators.js';
import type { Model, Node } from '../../onnx/schema.js';
import { inputsOf, subgraph } from '../../onnx/subgraph.js';
import type { ClassHead } from '../../detector/classHead.js';
import type { EfficientDetManifest } from '../../detector/manifestSchema.js';

/** A model cut where its backbone ends. */
export interface CutModel {
  /** The tensors at the cut, finest first: the backbone's output maps, [N, F, h, w] each. */
  readonly features: readonly string[];
  /** Image → features. */
  readonly backbone: Model;
  /** Features → class logits and box regression: feature pyramid and heads. */
  readonly rest: Model;
}

/** What joins levels of a feature pyramid; between backbone and pyramid there is none. */
const UPSAMPLING = new Set(['Resize', 'Upsample', 'ConvTranspose']);
const DOWNSAMPLING = new Set(['MaxPool']);

/**
 * Cuts an EfficientDet between backbone and feature pyramid: at the tensors that the manifest names, else where the graph
 * shows it. Without its upsampling and its max-pooling nodes a pyramid falls apart: the finest levels' heads then depend on the
 * backbone alone, each on its own map and what comes before it, and the coarser levels, which are made of the last map by
 * max-pooling, on nothing. So the backbone's map of a level is the last tensor that all ways to this level's head and to the
 * next one's have in common; that of the last level the same for its head and the first max-pooling.
 * @throws ExpectedError `model` where the graph is not made like that
 */
export function cutBackbone(model: Model, manifest: EfficientDetManifest, head: ClassHead): CutModel {
  const { classLogits, boxRegression, backboneFeatures } = manifest.outputs;
  const image = manifest.input.name;
  const features = backboneFeatures ?? findFeatures(model, image, head.features);
  return {
    features,
    backbone: subgraph(model, [image], features),
    rest: subgraph(model, features, [...classLogits, ...boxRegression]),
  };
}

function findFeatures(model: Model, image: string, heads: readonly string[]): string[] {
  const { graph } = model;
  const apart = new Dominators(graph, image, ({ opType }) => UPSAMPLING.has(opType) || DOWNSAMPLING.has(opType));
  const own = heads.filter((name) => apart.reaches(name));
  const pooled = firstPooling(graph.node, apart);
  if (own.length === 0 || own.length === heads.length || pooled === undefined)
    throw trouble(
      own.length === heads.length
        ? 'every level depends on the image without max-pooling'
        : pooled === undefined
          ? 'there is no max-pooling that makes the coarser levels of its last map'
          : 'no level depends on the image without max-pooling',
    );
  const features = own.map((name, i) => apart.common(name, own[i + 1] ?? pooled) ?? image);
  if (features.includes(image) || new Set(features).size < features.length)
    throw trouble('the levels’ ways from the image part nowhere, or all at once');
  return features;
}

/** The input of the max-pooling that makes the first level above the backbone: the one that depends on no upsampling. */
function firstPooling(nodes: readonly Node[], apart: Dominators): string | undefined {
  const upsampled = new Set<string>();
  for (const node of nodes)
    if (UPSAMPLING.has(node.opType) || inputsOf(node).some((name) => upsampled.has(name)))
      for (const name of node.output) upsampled.add(name);
  const pooling = nodes.find(
    ({ opType, input: [name = ''] }) => DOWNSAMPLING.has(opType) && apart.reaches(name) && !upsampled.has(name),
  );
  return pooling?.input[0];
}

function trouble(reason: string): ExpectedError {
  return new ExpectedError(
    'model',
    `the end of the model's backbone was not found: ${reason}`,
    'name the backbone’s output maps in the manifest, outputs.backboneFeatures, or use a method that runs the whole network',
  );
}
