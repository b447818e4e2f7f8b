import { floatAttribute, stringAttribute } from '../attributes.js';
import type { Node } from '../schema.js';
import type { Backward, Rule } from './backward.js';

/** A rule for y = f(x): the gradient times f'(x). */
function unary(slope: (back: Backward, x: string, y: string, node: Node) => string): Rule {
  return (node, [gradient], back) => {
    const [input = ''] = node.input;
    if (gradient === undefined || !back.wants(input)) return [];
    const x = back.forward(input);
    return [back.node('Mul', gradient, slope(back, x, back.forward(node.output[0] ?? ''), node))];
  };
}

type Slopes = (
  back: Backward,
  a: string,
  b: string,
  y: string,
  gradient: string,
) => readonly [(() => string) | undefined, (() => string) | undefined];

/** A rule for y = f(a, b) with broadcasting: what each side receives, summed over its copies. */
function binary(parts: Slopes): Rule {
  return (node, [gradient], back) => {
    if (gradient === undefined) return [];
    const [a = '', b = ''] = node.input;
    const [output = ''] = node.output;
    const made = parts(back, back.forward(a), back.forward(b), back.forward(output), gradient);
    return [a, b].map((input, i) => {
      const part = made[i];
      return back.wants(input) && part ? back.sumTo(part(), back.dims(output), back.dims(input)) : undefined;
    });
  };
}

const same: Rule = (node, [gradient], back) => [back.wants(node.input[0]) ? gradient : undefined];

const { sqrt, PI } = Math;
const minus = (back: Backward, value: number, x: string): string => back.node('Sub', back.scalar(value), x);
const times = (back: Backward, x: string, value: number): string => back.node('Mul', x, back.scalar(value));
const square = (back: Backward, x: string): string => back.node('Mul', x, x);
/** 1 where x > value. */
const above = (back: Backward, x: string, value: number): string =>
  back.mask(back.node('Greater', x, back.scalar(value)));

/** σ(x)·(1 + x·(1 − σ(x))) */
function swishSlope(back: Backward, x: string, sigmoid: string): string {
  return back.node('Mul', sigmoid, back.node('Add', back.scalar(1), back.node('Mul', x, minus(back, 1, sigmoid))));
}

/** Φ(x) + x·φ(x); with tanh: the derivative of 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
function geluSlope(back: Backward, x: string, approximate: boolean): string {
  const half = (value: string): string => times(back, value, 0.5);
  if (!approximate) {
    const cumulative = half(back.node('Add', back.scalar(1), back.node('Erf', times(back, x, 1 / sqrt(2)))));
    const density = times(back, back.node('Exp', times(back, square(back, x), -0.5)), 1 / sqrt(2 * PI));
    return back.node('Add', cumulative, back.node('Mul', x, density));
  }
  const cubed = back.node('Mul', square(back, x), x);
  const inner = times(back, back.node('Add', x, times(back, cubed, 0.044715)), sqrt(2 / PI));
  const tanh = back.node('Tanh', inner);
  const innerSlope = times(
    back,
    back.node('Add', back.scalar(1), times(back, square(back, x), 3 * 0.044715)),
    sqrt(2 / PI),
  );
  const tail = back.node('Mul', back.node('Mul', x, minus(back, 1, square(back, tanh))), innerSlope);
  return back.node('Add', half(back.node('Add', back.scalar(1), tanh)), half(tail));
}

/** y = x^p for a constant exponent: p·x^(p−1). */
const pow: Rule = (node, [gradient], back) => {
  const [base = '', exponent = ''] = node.input;
  if (gradient === undefined) return [];
  if (back.wants(exponent)) throw back.refusal(node, 'its exponent depends on the picture');
  if (!back.wants(base)) return [];
  const p = back.graph.node('Cast', [back.forward(exponent)], { to: 1 });
  const lower = back.node('Pow', back.forward(base), back.node('Sub', p, back.scalar(1)));
  const slope = back.node('Mul', p, lower);
  return [back.sumTo(back.node('Mul', gradient, slope), back.dims(node.output[0] ?? ''), back.dims(base))];
};

/** The smaller or larger of two; a tie counts as the first. */
const extremum = (operator: 'Less' | 'Greater'): Rule => {
  const rule = binary((back, a, b, _y, gradient) => {
    const second = (): string => back.mask(back.node(operator, b, a));
    return [() => back.node('Mul', gradient, minus(back, 1, second())), () => back.node('Mul', gradient, second())];
  });
  return (node, gradients, back) => {
    if (node.input.length !== 2)
      throw back.refusal(node, `it has ${String(node.input.length)} inputs, two are supported`);
    return rule(node, gradients, back);
  };
};

/** Inside its bounds, bounds included, y equals x. */
const clip: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const inside = back.mask(back.node('Equal', back.forward(input), back.forward(node.output[0] ?? '')));
  return [back.node('Mul', gradient, inside)];
};

const where: Rule = (node, [gradient], back) => {
  if (gradient === undefined) return [];
  const [condition = '', yes = '', no = ''] = node.input;
  const part = (input: string, chosen: boolean): string | undefined => {
    if (!back.wants(input)) return undefined;
    const zero = back.scalar(0);
    const [a, b] = chosen ? [gradient, zero] : [zero, gradient];
    return back.sumTo(
      back.node('Where', back.forward(condition), a, b),
      back.dims(node.output[0] ?? ''),
      back.dims(input),
    );
  };
  return [undefined, part(yes, true), part(no, false)];
};

const prelu: Rule = (node, [gradient], back) => {
  const [input = '', slope = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  if (back.wants(slope)) throw back.refusal(node, 'its slope depends on the picture');
  const positive = back.node('Greater', back.forward(input), back.scalar(0));
  return [back.node('Where', positive, gradient, back.node('Mul', gradient, back.forward(slope)))];
};

/** Sum and mean over the inputs. */
const several =
  (mean: boolean): Rule =>
  (node, [gradient], back) => {
    if (gradient === undefined) return [];
    const share = mean ? times(back, gradient, 1 / node.input.length) : gradient;
    return node.input.map((input) =>
      back.wants(input) ? back.sumTo(share, back.dims(node.output[0] ?? ''), back.dims(input)) : undefined,
    );
  };

/** Operators that work on each value alone. Where a function has a kink, the slope is PyTorch's. */
export const elementwise: Readonly<Record<string, Rule>> = {
  Identity: same,
  Dropout: same,
  Cast: same,
  Neg: unary((back) => back.scalar(-1)),
  Abs: unary((back, x) => back.node('Sign', x)),
  Exp: unary((_back, _x, y) => y),
  Log: unary((back, x) => back.node('Reciprocal', x)),
  Sqrt: unary((back, _x, y) => back.node('Div', back.scalar(0.5), y)),
  Reciprocal: unary((back, _x, y) => back.node('Neg', square(back, y))),
  Sin: unary((back, x) => back.node('Cos', x)),
  Cos: unary((back, x) => back.node('Neg', back.node('Sin', x))),
  Tanh: unary((back, _x, y) => minus(back, 1, square(back, y))),
  Erf: unary((back, x) => times(back, back.node('Exp', back.node('Neg', square(back, x))), 2 / sqrt(PI))),
  Sigmoid: unary((back, _x, y) => back.node('Mul', y, minus(back, 1, y))),
  Swish: unary((back, x, _y, node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    const scaled = times(back, x, alpha);
    return swishSlope(back, scaled, back.node('Sigmoid', scaled));
  }),
  Softplus: unary((back, x) => back.node('Sigmoid', x)),
  Mish: unary((back, x) => {
    const tanh = back.node('Tanh', back.node('Softplus', x));
    const rest = back.node('Mul', back.node('Mul', x, back.node('Sigmoid', x)), minus(back, 1, square(back, tanh)));
    return back.node('Add', tanh, rest);
  }),
  Relu: unary((back, _x, y) => above(back, y, 0)),
  LeakyRelu: unary((back, x, _y, node) => {
    const alpha = floatAttribute(node, 'alpha', 0.01);
    return back.node('Add', times(back, above(back, x, 0), 1 - alpha), back.scalar(alpha));
  }),
  Elu: unary((back, x, y, node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    const positive = back.node('Greater', x, back.scalar(0));
    return back.node('Where', positive, back.scalar(1), back.node('Add', y, back.scalar(alpha)));
  }),
  HardSigmoid: unary((back, _x, y, node) => {
    const inside = back.node('Mul', above(back, y, 0), back.mask(back.node('Less', y, back.scalar(1))));
    return times(back, inside, floatAttribute(node, 'alpha', 0.2));
  }),
  HardSwish: unary((back, x) => {
    const inside = back.node('Mul', above(back, x, -3), back.mask(back.node('Less', x, back.scalar(3))));
    const slope = back.node('Add', times(back, x, 1 / 3), back.scalar(0.5));
    const beyond = back.mask(back.node('Not', back.node('Less', x, back.scalar(3))));
    return back.node('Add', back.node('Mul', inside, slope), beyond);
  }),
  Gelu: unary((back, x, _y, node) => geluSlope(back, x, stringAttribute(node, 'approximate', 'none') === 'tanh')),
  PRelu: prelu,
  Clip: clip,
  Pow: pow,
  Where: where,
  Min: extremum('Less'),
  Max: extremum('Greater'),
  Sum: several(false),
  Mean: several(true),
  Add: binary((_back, _a, _b, _y, gradient) => [() => gradient, () => gradient]),
  Sub: binary((back, _a, _b, _y, gradient) => [() => gradient, () => back.node('Neg', gradient)]),
  Mul: binary((back, a, b, _y, gradient) => [() => back.node('Mul', gradient, b), () => back.node('Mul', gradient, a)]),
  Div: binary((back, _a, b, y, gradient) => [
    () => back.node('Div', gradient, b),
    () => back.node('Neg', back.node('Div', back.node('Mul', gradient, y), b)),
  ]),
};
