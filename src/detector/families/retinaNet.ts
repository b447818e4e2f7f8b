import { ExpectedError } from '../../errors.js';
import { anchorsOfLevels } from './anchorBoxes.js';
import type { Family } from './family.js';
import { decodedAnchors, levelsOf } from './nodes.js';
import { conventionOf, IMAGENET, known, stridesOf } from './recognition.js';

const STRIDES = [8, 16, 32, 64, 128];
/** Three sizes a level from 32 pixels on, `2^(0, 1/3, 2/3)`, cut to whole pixels, in three shapes. */
const ANCHORS = {
  sizes: [32, 64, 128, 256, 512].map((size) => [
    size,
    Math.trunc(size * 2 ** (1 / 3)),
    Math.trunc(size * 2 ** (2 / 3)),
  ]),
  ratios: [0.5, 1, 2],
};

/** RetinaNet (Lin et al. 2017) with raw heads: class logits and box regression of every anchor. */
export const retinaNet: Family<'retinanet'> = {
  name: 'retinanet',
  networks: 'RetinaNet (torchvision’s heads)',
  layout: '`[N, anchors, C]`, `[N, anchors, 4]`',
  tested: 'torchvision’s with random weights against its own decoding',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const boxes = outputs.find(({ sides }) => sides[1] === 4);
    const logits = outputs.find((tensor) => tensor !== boxes && tensor.sides[0] === boxes?.sides[0]);
    if (boxes === undefined || logits === undefined || outputs.length !== 2) return undefined;
    if (stridesOf(boxes.sides[0], tensors, 9, [STRIDES]) === undefined) return undefined;
    return {
      family: 'retinanet',
      fields: {
        strides: STRIDES,
        anchors: ANCHORS,
        outputs: { classLogits: logits.name, boxRegression: boxes.name },
      },
      classCount: logits.sides[1],
      input: { ...IMAGENET, resize: 'stretch' },
      assumed: {
        ...conventionOf('torchvision'),
        anchors: 'nine a cell on five levels, as torchvision’s RetinaNet makes them',
      },
    };
  },
  head: ({ manifest }) => {
    const { input, outputs, classes, strides, anchors, boxWeights, severalClasses } = manifest;
    if (anchors.sizes.length !== strides.length)
      throw new ExpectedError(
        'model',
        `the manifest of ${manifest.name} has anchors.sizes for ${anchors.sizes.length} levels and strides for ${strides.length}`,
        'give as many of both',
      );
    const boxes = anchorsOfLevels(levelsOf(input, strides), anchors);
    return {
      expected: [
        {
          name: outputs.classLogits,
          field: 'outputs.classLogits',
          shape: [undefined, boxes.length / 4, classes.length],
        },
        { name: outputs.boxRegression, field: 'outputs.boxRegression', shape: [undefined, boxes.length / 4, 4] },
      ],
      activation: 'sigmoid',
      suppression: 'needed',
      severalClasses,
      scoredBoxes: (graph, inner) => ({
        scores: inner(outputs.classLogits),
        boxes: decodedAnchors(graph, inner(outputs.boxRegression), boxes, boxWeights),
      }),
      target: (place, classIndex) => ({ tensor: outputs.classLogits, index: [0, place, classIndex] }),
    };
  },
};
