import { GraphBuilder, opsetOf } from '../../onnx/graphBuilder.js';
import { writeModel } from '../../onnx/modelFile.js';
import { DataType } from '../../onnx/schema.js';
import { tensorNames, type PlainDetector } from '../../detector/composedDetector.js';
import { networkInputs } from '../../detector/inputStages.js';
import { flatOutputs } from '../../detector/flatOutputs.js';
import { maskedTensors } from './maskedGraph.js';

/** Outputs beside the features: float32 [1, anchors · C] and [1, anchors · 4], laid out as flatOutputs.ts says. */
export const featureTensors = { logits: 'logits', regression: 'regression' } as const;

/**
 * `contrast` and `ground` [1, 3, H, W] → what the network makes of the picture without a mask: the class head's features of every
 * level, and everything that says which anchor made a box.
 */
export function composeFeatures({ manifest, model, anchors, head }: PlainDetector): Uint8Array {
  const { width, height } = manifest.input;
  const graph = new GraphBuilder(opsetOf(model));
  const plane = (input: string): string => graph.input(input, DataType.float32, [1, 3, height, width]);
  const picture = graph.node('Add', [plane(maskedTensors.ground), plane(maskedTensors.contrast)]);
  const inner = graph.embed(model, { prefix: 'network/', inputs: networkInputs(graph, picture, manifest.input) });
  const output = (names: readonly string[], as: string): void => {
    graph.output(flatOutputs(graph, names.map(inner)), as, DataType.float32, [1, 'values']);
  };
  // A single tensor over all levels is [1, anchors, depth].
  const { classLogits, boxRegression } = manifest.outputs;
  output(classLogits, featureTensors.logits);
  output(boxRegression, featureTensors.regression);
  anchors.levels.forEach(({ level, rows, columns }, i) => {
    const channels = head.weights[i]?.channels ?? 0;
    const features = inner(head.features[i] ?? '');
    graph.output(features, tensorNames.features(level), DataType.float32, [1, channels, rows, columns]);
  });
  return writeModel(graph.build());
}
