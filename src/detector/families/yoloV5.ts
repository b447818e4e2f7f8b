import { slice } from '../graphStages.js';
import type { Family } from './family.js';
import { cornersOfCentres, jointScores } from './nodes.js';
import { known, stridesOf, YOLO_STRIDES } from './recognition.js';
import { ultralyticsDraft } from './ultralytics.js';

/** Ultralytics v5 and YOLOv7: [N, places, 5 + C], three anchors a cell, decoded; the score is objectness times class. */
export const yoloV5: Family<'yolo-v5'> = {
  name: 'yolo-v5',
  networks: 'Ultralytics YOLOv5, YOLOv7 (exported without nms)',
  layout: '`[N, places, 5 + C]`, three places a cell',
  tested: 'layout built by hand, boxes worked out by hand',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const [output] = outputs;
    if (output === undefined || outputs.length > 1) return undefined;
    const [places = 0, columns = 0] = output.sides;
    if (columns < 6 || stridesOf(places, tensors, 3, YOLO_STRIDES) === undefined) return undefined;
    return ultralyticsDraft(tensors, 'yolo-v5', output.name, columns - 5);
  },
  head: ({ manifest: { outputs, classes, severalClasses } }) => ({
    expected: [
      {
        name: outputs.predictions,
        field: 'outputs.predictions',
        shape: [undefined, undefined, 5 + classes.length + outputs.extra],
      },
    ],
    activation: 'none',
    suppression: 'needed',
    severalClasses,
    scoredBoxes: (graph, inner) => {
      const rows = inner(outputs.predictions);
      return {
        scores: jointScores(graph, rows, classes.length),
        boxes: cornersOfCentres(graph, slice(graph, rows, 0, 4, 2)),
      };
    },
    target: (place, classIndex) => ({
      tensor: outputs.predictions,
      index: [0, place, 5 + classIndex],
      factor: { tensor: outputs.predictions, index: [0, place, 4] },
    }),
  }),
};
