import { slice } from '../graphStages.js';
import type { Family } from './family.js';
import { cornersOfCentres } from './nodes.js';
import { known } from './recognition.js';
import { ultralyticsDraft } from './ultralytics.js';

/** Ultralytics v8, v9, v11, v12: [N, 4 + C, places], boxes as centre and sides in input pixels, classes after their sigmoid. */
export const yoloV8: Family<'yolo-v8'> = {
  name: 'yolo-v8',
  networks: 'Ultralytics YOLOv8, v9, v11, v12 (exported without nms)',
  layout: '`[N, 4 + C, places]`',
  tested: 'layout built by hand, boxes worked out by hand',
  recognise(tensors) {
    const outputs = known(tensors.outputs, 3);
    const [output] = outputs;
    if (output === undefined || outputs.length > 1) return undefined;
    const [rows = 0, places = 0] = output.sides;
    if (rows < 5 || rows >= places) return undefined;
    return ultralyticsDraft(tensors, 'yolo-v8', output.name, rows - 4);
  },
  head: ({ manifest: { outputs, classes, severalClasses } }) => ({
    expected: [
      {
        name: outputs.predictions,
        field: 'outputs.predictions',
        shape: [undefined, 4 + classes.length + outputs.extra, undefined],
      },
    ],
    activation: 'none',
    suppression: 'needed',
    severalClasses,
    scoredBoxes: (graph, inner) => {
      const rows = graph.node('Transpose', [inner(outputs.predictions)], { perm: [0, 2, 1] });
      return {
        scores: slice(graph, rows, 4, 4 + classes.length, 2),
        boxes: cornersOfCentres(graph, slice(graph, rows, 0, 4, 2)),
      };
    },
    target: (place, classIndex) => ({ tensor: outputs.predictions, index: [0, 4 + classIndex, place] }),
  }),
};
