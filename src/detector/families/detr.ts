import type { Family } from './family.js';
import { cornersOfCentres, softmaxWithout } from './nodes.js';
import { IMAGENET, known, UNIT, type KnownTensor } from './recognition.js';

/** More queries than any DETR has. */
const MOST_QUERIES = 1000;

/** DETR (Carion et al. 2020) and its descendants: a query each one box, centre and sides as shares of the input, and class logits. */
export const detr: Family<'detr'> = {
  name: 'detr',
  networks: 'DETR, Deformable DETR, RT-DETR, D-FINE, RF-DETR',
  layout: '`logits [N, queries, C]` (with softmax `C + 1`), `pred_boxes [N, queries, 4]`',
  tested: 'DETR, RT-DETR and D-FINE with random weights against transformers’ own decoding',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const isBox = ({ name, sides }: KnownTensor): boolean =>
      sides[1] === 4 && /box|dets/i.test(name) && !/reg|delta/i.test(name);
    const isLogits = ({ name }: KnownTensor): boolean => /logit|class|label|score/i.test(name);
    const boxes = outputs.find(isBox);
    const logits = outputs.find(
      (tensor) => tensor !== boxes && isLogits(tensor) && tensor.sides[0] === boxes?.sides[0],
    );
    if (boxes === undefined || logits === undefined || boxes.sides[0] > MOST_QUERIES) return undefined;
    // Deformable attention samples the picture's features; the first DETR, whose classes end with “no object”, does not.
    const deformable = tensors.model.graph.node.some(({ opType }) => opType === 'GridSample');
    const scoring = deformable ? 'sigmoid' : 'softmax';
    return {
      family: 'detr',
      fields: { scoring, outputs: { logits: logits.name, boxes: boxes.name } },
      classCount: scoring === 'softmax' ? logits.sides[1] - 1 : logits.sides[1],
      input: { ...(deformable ? UNIT : IMAGENET), resize: 'stretch' },
      assumed: {
        scoring: deformable
          ? 'the graph samples features (deformable attention), as those with sigmoid do'
          : 'the graph samples no features, as DETR, whose last class is “no object”',
        'input.scale, mean, std, order, resize': deformable
          ? 'as RT-DETR and D-FINE prepare pictures; RF-DETR takes ImageNet’s mean and std'
          : 'as DETR prepares pictures',
      },
    };
  },
  head: ({ manifest: { input, outputs, classes, scoring, severalClasses } }) => ({
    expected: [
      {
        name: outputs.logits,
        field: 'outputs.logits',
        shape: [undefined, undefined, classes.length + (scoring === 'softmax' ? 1 : 0)],
      },
      { name: outputs.boxes, field: 'outputs.boxes', shape: [undefined, undefined, 4] },
    ],
    activation: scoring === 'sigmoid' ? 'sigmoid' : 'none',
    suppression: 'none',
    // Of a softmax one class is meant.
    severalClasses: scoring === 'sigmoid' && severalClasses,
    scoredBoxes: (graph, inner) => {
      const logits = inner(outputs.logits);
      const sides = graph.floats('sides', [input.width, input.height, input.width, input.height], [1, 1, 4]);
      const boxes = cornersOfCentres(graph, graph.node('Mul', [inner(outputs.boxes), sides]));
      const scores = scoring === 'sigmoid' ? logits : softmaxWithout(graph, logits, classes.length, 'last');
      return { scores, boxes };
    },
    target: (place, classIndex) => ({ tensor: outputs.logits, index: [0, place, classIndex] }),
  }),
};
