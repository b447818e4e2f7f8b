import { ExpectedError } from '../../errors.js';
import { defaultBoxes } from './anchorBoxes.js';
import type { Family } from './family.js';
import { decodedAnchors, softmaxWithout } from './nodes.js';
import { conventionOf, known } from './recognition.js';

/** torchvision's SSDlite320: six levels, six boxes a cell. */
const LITE = {
  width: 320,
  height: 320,
  featureMaps: [20, 10, 5, 3, 2, 1].map((side) => [side, side]),
  defaultBoxes: { scales: [0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1], ratios: Array.from({ length: 6 }, () => [2, 3]) },
} as const;
const LITE_BOXES = 6 * (400 + 100 + 25 + 9 + 4 + 1);

/** SSD (Liu et al. 2016) and SSDlite with raw heads: class logits, the background first, and box regression of every default box. */
export const ssd: Family<'ssd'> = {
  name: 'ssd',
  networks: 'SSD, SSDlite (torchvision’s heads)',
  layout: '`[N, boxes, 1 + C]`, `[N, boxes, 4]`',
  tested: 'torchvision’s SSDlite with random weights against its own decoding',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const boxes = outputs.find(({ sides }) => sides[1] === 4);
    const logits = outputs.find((tensor) => tensor !== boxes && tensor.sides[0] === boxes?.sides[0]);
    if (boxes === undefined || logits === undefined || outputs.length !== 2 || boxes.sides[0] < 1000) return undefined;
    const { width, height } = tensors.image ?? {};
    const lite = width === LITE.width && height === LITE.height && boxes.sides[0] === LITE_BOXES;
    return {
      family: 'ssd',
      fields: {
        ...(lite && { featureMaps: LITE.featureMaps, defaultBoxes: LITE.defaultBoxes }),
        outputs: { classLogits: logits.name, boxRegression: boxes.name },
      },
      classCount: logits.sides[1] - 1,
      input: { scale: 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], resize: 'stretch' },
      assumed: {
        ...conventionOf('torchvision’s SSDlite'),
        scoring: 'softmax with the background as the first class',
        ...(lite && { defaultBoxes: 'as torchvision’s SSDlite320 makes them' }),
      },
      ...(lite
        ? {}
        : {
            asks: {
              featureMaps: `rows and columns of each level: ${boxes.sides[0]} boxes together`,
              defaultBoxes: 'scales and ratios of the default boxes',
            },
          }),
    };
  },
  head: ({ manifest }) => {
    const { outputs, classes, boxWeights, severalClasses, scoring, featureMaps } = manifest;
    const { scales, ratios } = manifest.defaultBoxes;
    if (scales.length !== featureMaps.length + 1 || ratios.length !== featureMaps.length)
      throw new ExpectedError(
        'model',
        `the manifest of ${manifest.name} has ${featureMaps.length} featureMaps, ${scales.length} scales and ${ratios.length} lists of ratios`,
        'give one more scale than featureMaps and as many lists of ratios',
      );
    const boxes = defaultBoxes(manifest);
    const values = classes.length + (scoring === 'softmax' ? 1 : 0);
    return {
      expected: [
        { name: outputs.classLogits, field: 'outputs.classLogits', shape: [undefined, boxes.length / 4, values] },
        { name: outputs.boxRegression, field: 'outputs.boxRegression', shape: [undefined, boxes.length / 4, 4] },
      ],
      activation: scoring === 'softmax' ? 'none' : 'sigmoid',
      suppression: 'needed',
      severalClasses,
      scoredBoxes: (graph, inner) => {
        const logits = inner(outputs.classLogits);
        return {
          scores: scoring === 'softmax' ? softmaxWithout(graph, logits, classes.length, 'first') : logits,
          boxes: decodedAnchors(graph, inner(outputs.boxRegression), boxes, boxWeights),
        };
      },
      target: (place, classIndex) => ({
        tensor: outputs.classLogits,
        index: [0, place, classIndex + (scoring === 'softmax' ? 1 : 0)],
      }),
    };
  },
};
