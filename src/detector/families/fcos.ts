import type { Family } from './family.js';
import { cellCount, cellPoints, cellStrides, cornersOfDistances, levelsOf } from './nodes.js';
import { conventionOf, IMAGENET, known, stridesOf } from './recognition.js';

const STRIDES = [8, 16, 32, 64, 128];

/**
 * FCOS (Tian et al. 2019) with raw heads: `score = √(σ(class) · σ(centreness))`, boxes as distances in strides from the cell's point, as torchvision
 * has them.
 */
export const fcos: Family<'fcos'> = {
  name: 'fcos',
  networks: 'FCOS (torchvision’s heads)',
  layout: '`[N, places, C]`, `[N, places, 4]`, `[N, places, 1]`',
  tested: 'torchvision’s with random weights against its own decoding',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const distances = outputs.find(({ sides }) => sides[1] === 4);
    const centreness = outputs.find(({ sides }) => sides[1] === 1);
    const logits = outputs.find((tensor) => tensor !== distances && tensor !== centreness);
    if (!distances || !centreness || !logits || outputs.length !== 3) return undefined;
    if (stridesOf(distances.sides[0], tensors, 1, [STRIDES]) === undefined) return undefined;
    return {
      family: 'fcos',
      fields: {
        strides: STRIDES,
        outputs: { classLogits: logits.name, distances: distances.name, centreness: centreness.name },
      },
      classCount: logits.sides[1],
      input: { ...IMAGENET, resize: 'stretch' },
      assumed: { ...conventionOf('torchvision'), pointOffset: 'torchvision measures from the cell’s corner' },
    };
  },
  head: ({ manifest: { input, outputs, classes, strides, pointOffset, severalClasses } }) => {
    const levels = levelsOf(input, strides);
    const places = cellCount(levels);
    return {
      expected: [
        { name: outputs.classLogits, field: 'outputs.classLogits', shape: [undefined, places, classes.length] },
        { name: outputs.distances, field: 'outputs.distances', shape: [undefined, places, 4] },
        { name: outputs.centreness, field: 'outputs.centreness', shape: [undefined, places, 1] },
      ],
      activation: 'none',
      suppression: 'needed',
      severalClasses,
      scoredBoxes: (graph, inner) => {
        const sigmoid = (name: string): string => graph.node('Sigmoid', [inner(name)]);
        const product = graph.node('Mul', [sigmoid(outputs.classLogits), sigmoid(outputs.centreness)]);
        const distances = graph.node('Mul', [inner(outputs.distances), cellStrides(graph, levels)]);
        return {
          scores: graph.node('Sqrt', [product]),
          boxes: cornersOfDistances(graph, cellPoints(graph, levels, pointOffset), distances),
        };
      },
      target: (place, classIndex) => ({
        tensor: outputs.classLogits,
        index: [0, place, classIndex],
        factor: { tensor: outputs.centreness, index: [0, place, 0] },
      }),
    };
  },
};
