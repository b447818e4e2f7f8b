import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import type { GraphIndex } from '../../onnx/graphIndex.js';
import type { Model } from '../../onnx/schema.js';
import type { FamilyName, ManifestOf, ModelManifest } from '../manifestSchema.js';
import type { Recognition } from './recognition.js';
import type { ModelTensors } from '../modelTensors.js';

/**
 * What a head's raw outputs say, as tensors of a composed graph: M places (anchors, cells, queries), each with a box and a value for
 * each of C classes.
 */
export interface ScoredBoxes {
  /** float32 [N, M, C]: probabilities, or what the head's `activation` still has to make probabilities of. */
  readonly scores: string;
  /** float32 [N, M, 4]: x1, y1, x2, y2 in input pixels. */
  readonly boxes: string;
}

/** One number that a network puts out. */
export interface Scalar {
  /** Tensor of the plain model. */
  readonly tensor: string;
  /** Its place in the tensor, of the first picture of a batch. */
  readonly index: readonly number[];
}

/** What is asked when the reason of a box is asked. */
export interface TargetScalar extends Scalar {
  /** A second number that the score is a product with: objectness, centreness. */
  readonly factor?: Scalar;
}

/** A raw output and the sides that the manifest makes it have; undefined where any will do. */
export interface ExpectedTensor {
  readonly name: string;
  /** The manifest's field that names it. */
  readonly field: string;
  readonly shape: readonly (number | undefined)[];
}

/** How one network's raw outputs are read. */
export interface Head {
  /** What is checked before the network is used. */
  readonly expected: readonly ExpectedTensor[];
  /** What is still to be done to `ScoredBoxes.scores`; it keeps their order. */
  readonly activation: 'sigmoid' | 'none';
  /** Whether boxes of one class that overlap a better one are still to be suppressed. */
  readonly suppression: 'needed' | 'none' | 'inside';
  /** Whether several classes may be detected at one place. */
  readonly severalClasses: boolean;
  /**
   * Adds the nodes that turn raw outputs into scored boxes.
   * @param inner name in `graph` of a tensor of the plain model, as float32
   */
  scoredBoxes(graph: GraphBuilder, inner: (name: string) => string): ScoredBoxes;
  /**
   * The scalar before suppression whose reason is asked for a box of `place`, an index into M.
   * @returns undefined where suppression inside the export has hidden it
   */
  target(place: number, classIndex: number): TargetScalar | undefined;
}

/** A network that is to be understood. */
export interface ReadNetwork<Name extends FamilyName = FamilyName> {
  readonly manifest: ManifestOf<Name>;
  readonly model: Model;
  readonly index: GraphIndex;
}

/** A head layout. Adding one is one file with one of these, and its entry in `families/index.ts`. */
export interface Family<Name extends FamilyName = FamilyName> {
  readonly name: Name;
  /** As users call the networks that have it. */
  readonly networks: string;
  /** Its raw outputs in words. */
  readonly layout: string;
  /** How it was tested, for docs/models.md. */
  readonly tested: string;
  /** What is known of a network by its tensors alone; undefined where it is another family's. */
  recognise(tensors: ModelTensors): Recognition | undefined;
  /** @throws ExpectedError `model` where the network cannot be what the manifest says */
  head(network: ReadNetwork<Name>): Head;
}

/** A network of any family but EfficientDet, understood and ready to be composed into larger graphs. */
export interface BoxNetwork {
  readonly manifest: ModelManifest;
  readonly model: Model;
  readonly head: Head;
}
