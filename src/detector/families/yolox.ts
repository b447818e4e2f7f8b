import { slice } from '../graphStages.js';
import type { Family } from './family.js';
import { cellCount, cellPoints, cellStrides, cornersAround, cornersOfCentres, jointScores, levelsOf } from './nodes.js';
import { conventionOf, known, RAW, stridesOf, YOLO_STRIDES } from './recognition.js';

/**
 * YOLOX (Ge et al. 2021): [N, places, 5 + C], one place a cell; raw, `centre = (cell + t) · stride`, `sides = exp(t) · stride`,
 * objectness and classes after their sigmoids.
 */
export const yolox: Family<'yolox'> = {
  name: 'yolox',
  networks: 'YOLOX',
  layout: '`[N, places, 5 + C]`, one place a cell, decoded or not',
  tested: 'layout built by hand, boxes worked out by hand',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const [output] = outputs;
    if (output === undefined || outputs.length > 1) return undefined;
    const [places = 0, columns = 0] = output.sides;
    const strides = stridesOf(places, tensors, 1, YOLO_STRIDES.slice(0, 1));
    if (columns < 6 || strides === undefined) return undefined;
    // Sides are exponentials: a graph without one leaves them to the reader.
    const decoded = tensors.model.graph.node.some(({ opType }) => opType === 'Exp');
    return {
      family: 'yolox',
      fields: { strides, decoded, outputs: { predictions: output.name } },
      classCount: columns - 5,
      input: { ...RAW, order: 'bgr', resize: 'letterbox-top-left', padding: 114 },
      assumed: {
        ...conventionOf('YOLOX'),
        decoded: `the graph has ${decoded ? 'an' : 'no'} exponential, which decoding needs`,
      },
    };
  },
  head: ({ manifest: { input, outputs, classes, severalClasses, strides, decoded } }) => {
    const levels = levelsOf(input, strides);
    return {
      expected: [
        {
          name: outputs.predictions,
          field: 'outputs.predictions',
          shape: [undefined, cellCount(levels), 5 + classes.length],
        },
      ],
      activation: 'none',
      suppression: 'needed',
      severalClasses,
      scoredBoxes: (graph, inner) => {
        const rows = inner(outputs.predictions);
        const scores = jointScores(graph, rows, classes.length);
        if (decoded) return { scores, boxes: cornersOfCentres(graph, slice(graph, rows, 0, 4, 2)) };
        const stride = cellStrides(graph, levels);
        const shift = graph.node('Mul', [slice(graph, rows, 0, 2, 2), stride]);
        const centres = graph.node('Add', [shift, cellPoints(graph, levels, 0)]);
        const sides = graph.node('Mul', [graph.node('Exp', [slice(graph, rows, 2, 4, 2)]), stride]);
        return { scores, boxes: cornersAround(graph, centres, sides) };
      },
      target: (place, classIndex) => ({
        tensor: outputs.predictions,
        index: [0, place, 5 + classIndex],
        factor: { tensor: outputs.predictions, index: [0, place, 4] },
      }),
    };
  },
};
