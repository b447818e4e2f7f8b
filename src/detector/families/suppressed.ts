import type { Family } from './family.js';
import { finishedBoxes } from './finishedBoxes.js';
import { DataType } from '../../onnx/schema.js';
import type { ModelTensors, TensorInfo } from '../modelTensors.js';
import { RAW, UNIT } from './recognition.js';

interface Found {
  readonly boxes: TensorInfo;
  readonly scores: TensorInfo;
  readonly classes: TensorInfo;
}

/** Boxes, scores and class numbers as three outputs, by their shapes, and by their names where two have the same. */
function find({ outputs }: ModelTensors): Found | undefined {
  const boxes = outputs.filter(({ shape }) => shape.at(-1) === 4 && (shape.length === 2 || shape.length === 3));
  const lists = outputs.filter(({ shape }) => shape.length === (boxes[0]?.shape.length ?? 0) - 1);
  const [scores] = lists.filter(({ name, type }) => /score|conf/i.test(name) && type === DataType.float32);
  const [classes] = lists.filter(
    ({ name, type }) => name !== scores?.name && (/class|label/i.test(name) || type === DataType.int64),
  );
  const [box] = boxes;
  return box && scores && classes && boxes.length === 1 ? { boxes: box, scores, classes } : undefined;
}

/** An export with its suppression inside: boxes, scores and the numbers of classes. */
export const suppressed: Family<'suppressed'> = {
  name: 'suppressed',
  networks: 'torchvision’s whole models, RT-DETR with its postprocessor, TensorFlow’s detection API',
  layout: 'boxes `[K, 4]`, scores `[K]`, classes `[K]`',
  tested: 'layout built by hand, boxes worked out by hand',
  recognise(tensors) {
    const found = find(tensors);
    if (found === undefined) return undefined;
    const tensorflow = found.boxes.name.startsWith('detection_');
    return {
      family: 'suppressed',
      fields: {
        outputs: { boxes: found.boxes.name, scores: found.scores.name, classes: found.classes.name },
        ...(tensorflow && { boxCoding: 'yxyx', boxUnit: 'share', firstClass: 1 }),
      },
      classCount: 0,
      input: { ...(tensors.image?.type === 'uint8' ? RAW : UNIT), resize: 'stretch' },
      assumed: {
        'input.scale, mean, std, order, resize': 'networks that suppress inside usually normalise inside as well',
        'boxCoding, boxUnit': tensorflow
          ? 'TensorFlow’s detection API gives y1, x1, y2, x2 as shares of the sides'
          : 'corners in input pixels',
        firstClass: tensorflow ? 'TensorFlow counts classes from 1' : 'the first class is number 0',
      },
      asks: { classes: 'the names of the classes: the outputs have their numbers only' },
    };
  },
  head: ({ manifest, index }) => {
    const { outputs, classes, firstClass, boxCoding, boxUnit, input } = manifest;
    const rank =
      index.graph.output.find(({ name }) => name === outputs.boxes)?.type?.tensorType?.shape?.dim.length ?? 3;
    const list = rank === 2 ? [undefined] : [undefined, undefined];
    return {
      expected: [
        { name: outputs.boxes, field: 'outputs.boxes', shape: [...list, 4] },
        { name: outputs.scores, field: 'outputs.scores', shape: list },
        { name: outputs.classes, field: 'outputs.classes', shape: list },
      ],
      activation: 'none',
      suppression: 'inside',
      severalClasses: false,
      scoredBoxes: (graph, inner) => {
        const shape = (depth: number): number[] => (rank === 2 ? [1, -1, depth] : [0, -1, depth]);
        const ordered =
          boxCoding === 'xyxy'
            ? inner(outputs.boxes)
            : graph.node('Gather', [inner(outputs.boxes), graph.integers('xyxy', [1, 0, 3, 2])], { axis: rank - 1 });
        const { width, height } = input;
        const boxes = graph.reshape(ordered, shape(4));
        const sides = graph.floats('sides', [width, height, width, height], [1, 1, 4]);
        const parts = {
          boxes: boxUnit === 'share' ? graph.node('Mul', [boxes, sides]) : boxes,
          scores: graph.reshape(inner(outputs.scores), shape(1)),
          classes: graph.reshape(inner(outputs.classes), shape(1)),
        };
        return finishedBoxes(graph, parts, classes.length, firstClass);
      },
      target: () => undefined,
    };
  },
};
