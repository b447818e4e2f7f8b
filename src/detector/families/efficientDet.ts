import { anchorGrid, anchorRef } from '../anchors.js';
import { findClassHead } from '../classHead.js';
import { decodeAllBoxes, joinLevels } from '../graphStages.js';
import type { ModelTensors } from '../modelTensors.js';
import type { Family } from './family.js';
import { conventionOf, IMAGENET, known } from './recognition.js';

const SCALES = [0, 1, 2].map((third) => 2 ** (third / 3));
const ASPECTS: [number, number][] = [
  [1, 1],
  [1.4, 0.7],
  [0.7, 1.4],
];
const PER_CELL = SCALES.length * ASPECTS.length;

/**
 * EfficientDet (Tan et al. 2020). Its detector and its masked graphs are composed in a faster way (composedDetector.ts, maskedGraph.ts), which
 * decodes chosen anchors only and has the class head's features for Grad-CAM; this head says the same as they do.
 */
export const efficientDet: Family<'efficientdet'> = {
  name: 'efficientdet',
  networks: 'EfficientDet D0 to D7',
  layout: 'a level each `[N, A·C, h, w]` and `[N, A·4, h, w]`, or `[N, anchors, C]` and `[N, anchors, 4]`',
  tested: 'trained networks; fixtures against PyTorch and effdet, autograd included',
  recognise: recogniseLevels,
  head: ({ manifest, index }) => {
    const grid = anchorGrid(manifest.input, manifest.anchors);
    const { probabilities } = findClassHead(index, manifest, grid.levels.length);
    const { classLogits, boxRegression } = manifest.outputs;
    const classCount = manifest.classes.length;
    const shapes = (names: readonly string[], field: string, depth: number) =>
      names.map((name, i) => ({
        name,
        field,
        shape:
          names.length > 1
            ? [undefined, grid.perCell * depth, grid.levels[i]?.rows, grid.levels[i]?.columns]
            : [undefined, grid.count, depth],
      }));
    return {
      expected: [
        ...shapes(classLogits, 'outputs.classLogits', classCount),
        ...shapes(boxRegression, 'outputs.boxRegression', 4),
      ],
      activation: probabilities ? 'none' : 'sigmoid',
      suppression: 'needed',
      severalClasses: false,
      scoredBoxes: (graph, inner) => ({
        scores: joinLevels(graph, classLogits.map(inner), classCount),
        boxes: decodeAllBoxes(graph, joinLevels(graph, boxRegression.map(inner), 4), grid),
      }),
      target: (place, classIndex) => {
        if (classLogits.length === 1) return { tensor: classLogits[0] ?? '', index: [0, place, classIndex] };
        const { level, row, column, anchor } = anchorRef(grid, place);
        const tensor = classLogits[grid.levels.findIndex((candidate) => candidate.level === level)] ?? '';
        return { tensor, index: [0, anchor * classCount + classIndex, row, column] };
      },
    };
  },
};

/** Two maps a level of halving size, one of them with four values an anchor. */
function recogniseLevels(tensors: ModelTensors) {
  const maps = known(tensors.outputs, 4);
  const { width } = tensors.image ?? {};
  const boxes = maps.filter(({ sides }) => sides[0] === 4 * PER_CELL).sort((a, b) => b.sides[1] - a.sides[1]);
  // Exports for Grad-CAM have the class head's features beside them.
  const depths = new Set(maps.filter((map) => !boxes.includes(map)).map(({ sides }) => sides[0]));
  const possible = [...depths].filter((depth) => depth % PER_CELL === 0);
  const depth = possible.find((own) => maps.some(({ name, sides }) => sides[0] === own && /cl(as)?s/i.test(name)));
  const classes = maps
    .filter(({ sides }) => sides[0] === (depth ?? possible[0]))
    .sort((a, b) => b.sides[1] - a.sides[1]);
  const [finest] = classes;
  if (finest === undefined || width === undefined || boxes.length !== classes.length || boxes.length < 2)
    return undefined;
  const fits = classes.every(
    ({ sides }, i) =>
      sides[0] === finest.sides[0] &&
      sides[1] === boxes[i]?.sides[1] &&
      sides[1] === Math.ceil(finest.sides[1] / 2 ** i),
  );
  const minLevel = Math.round(Math.log2(width / finest.sides[2]));
  if (!fits || finest.sides[0] % PER_CELL !== 0 || minLevel < 1) return undefined;
  return {
    family: 'efficientdet' as const,
    fields: {
      size: 'unknown',
      anchors: {
        minLevel,
        maxLevel: minLevel + boxes.length - 1,
        scales: SCALES,
        aspects: ASPECTS,
        anchorScale: 4,
      },
      boxCoding: 'yxhw',
      outputs: { classLogits: classes.map(({ name }) => name), boxRegression: boxes.map(({ name }) => name) },
    },
    classCount: finest.sides[0] / PER_CELL,
    input: { ...IMAGENET, resize: 'letterbox-top-left' as const },
    assumed: { ...conventionOf('effdet'), anchors: 'nine a cell, as effdet and google/automl make them' },
  };
}
