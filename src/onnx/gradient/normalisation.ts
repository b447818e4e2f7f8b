import { floatAttribute, intAttribute } from '../attributes.js';
import { frontAxis, type Backward, type Rule } from './backward.js';

/** y = γ·(x − μ)/√(σ² + ε) + β with the stored μ and σ of inference. */
const batchNorm: Rule = (node, [gradient], back) => {
  const [input = '', scale = '', , , variance = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const epsilon = back.scalar(floatAttribute(node, 'epsilon', 1e-5));
  const deviation = back.node('Sqrt', back.node('Add', back.forward(variance), epsilon));
  const factor = back.node('Div', back.forward(scale), deviation);
  const shaped = back.graph.reshape(factor, [-1, ...dims.slice(2).map(() => 1)]);
  return [back.node('Mul', gradient, shaped)];
};

/**
 * x̂ = (x − mean)/√(variance + ε) over `axes`. With g the gradient at x̂ and r = 1/√(variance + ε):
 * ∂/∂x = r·(g − mean(g) − x̂·mean(g·x̂)).
 */
function standardised(back: Backward, x: string, g: string, axes: readonly number[], epsilon: number): string {
  const mean = (tensor: string, shift: number): string =>
    back.reduce(
      'ReduceMean',
      tensor,
      axes.map((axis) => axis + shift),
      true,
    );
  const centred = back.node('Sub', x, mean(x, 0));
  const variance = mean(back.node('Mul', centred, centred), 0);
  const r = back.node('Reciprocal', back.node('Sqrt', back.node('Add', variance, back.scalar(epsilon))));
  const normal = back.node('Mul', centred, r);
  const along = back.node('Mul', normal, mean(back.node('Mul', g, normal), 1));
  return back.node('Mul', r, back.node('Sub', back.node('Sub', g, mean(g, 1)), along));
}

const layerNorm: Rule = (node, [gradient], back) => {
  const [input = '', scale = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const rank = back.dims(input).length;
  const first = frontAxis(intAttribute(node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const g = back.node('Mul', gradient, back.forward(scale));
  return [standardised(back, back.forward(input), g, axes, floatAttribute(node, 'epsilon', 1e-5))];
};

const instanceNorm: Rule = (node, [gradient], back) => {
  const [input = '', scale = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const axes = dims.slice(2).map((_, i) => i + 2);
  const shaped = back.graph.reshape(back.forward(scale), [-1, ...axes.map(() => 1)]);
  const g = back.node('Mul', gradient, shaped);
  return [standardised(back, back.forward(input), g, axes, floatAttribute(node, 'epsilon', 1e-5))];
};

/** y = softmax(x): ∂/∂x = y·(g − Σ g·y); of its logarithm: g − softmax(x)·Σ g. */
const softmax =
  (logarithm: boolean): Rule =>
  (node, [gradient], back) => {
    const [input = ''] = node.input;
    if (gradient === undefined || !back.wants(input)) return [];
    const rank = back.dims(input).length;
    const old = back.graph.opset < 13;
    const first = frontAxis(intAttribute(node, 'axis', old ? 1 : -1), rank);
    // Before operator set 13 everything from the axis on was one.
    const axes = old ? Array.from({ length: rank - first }, (_, i) => first + i + 1) : [first + 1];
    const y = back.forward(node.output[0] ?? '');
    if (logarithm) {
      const share = back.node('Mul', back.node('Exp', y), back.sum(gradient, axes, true));
      return [back.node('Sub', gradient, share)];
    }
    const total = back.sum(back.node('Mul', gradient, y), axes, true);
    return [back.node('Mul', y, back.node('Sub', gradient, total))];
  };

/** Operators that set values in relation to others. */
export const normalisation: Readonly<Record<string, Rule>> = {
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  InstanceNormalization: instanceNorm,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};
