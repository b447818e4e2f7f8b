import { slice } from '../graphStages.js';
import type { Family } from './family.js';
import { finishedBoxes } from './finishedBoxes.js';
import { conventionOf } from './recognition.js';
import { ULTRALYTICS_INPUT } from './ultralytics.js';

/** More boxes than any export keeps: a table with more rows is another family's. */
const MOST_BOXES = 3000;

/** One table of finished boxes: [N, K, 6], x1, y1, x2, y2, score, class. */
export const endToEnd: Family<'end-to-end'> = {
  name: 'end-to-end',
  networks: 'YOLOv10, YOLO26, Ultralytics exported with nms=True',
  layout: '`[N, K, 6]`',
  tested: 'layout built by hand, boxes worked out by hand',
  recognise({ outputs, metadata }) {
    const table = outputs.find(({ shape }) => shape.length === 3 || shape.length === 2);
    if (table === undefined || outputs.some((other) => other !== table && other.shape.length < 4)) return undefined;
    const columns = table.shape.at(-1);
    const rows = table.shape.at(-2);
    const extra = metadata.get('task') === 'segment' ? 32 : metadata.get('task') === 'pose' ? 51 : 0;
    if (columns !== 6 + extra || (typeof rows === 'number' && rows > MOST_BOXES)) return undefined;
    return {
      family: 'end-to-end',
      fields: { outputs: { detections: table.name, ...(extra > 0 && { extra }) } },
      classCount: 0,
      input: ULTRALYTICS_INPUT,
      assumed: conventionOf('Ultralytics'),
      ...(metadata.has('names')
        ? {}
        : { asks: { classes: 'the names of the classes: the table has their numbers only' } }),
    };
  },
  head: ({ manifest: { outputs, classes, firstClass }, index }) => {
    const rank = index.graph.output.find(({ name }) => name === outputs.detections)?.type?.tensorType?.shape?.dim
      .length;
    const columns = 6 + outputs.extra;
    const flat = rank === 2;
    return {
      expected: [
        {
          name: outputs.detections,
          field: 'outputs.detections',
          shape: flat ? [undefined, columns] : [undefined, undefined, columns],
        },
      ],
      activation: 'none',
      suppression: 'inside',
      severalClasses: false,
      scoredBoxes: (graph, inner) => {
        const table = inner(outputs.detections);
        const rows = flat ? graph.reshape(table, [1, -1, columns]) : table;
        const columnsOf = (from: number, to: number): string => slice(graph, rows, from, to, 2);
        const parts = { boxes: columnsOf(0, 4), scores: columnsOf(4, 5), classes: columnsOf(5, 6) };
        return finishedBoxes(graph, parts, classes.length, firstClass);
      },
      target: () => undefined,
    };
  },
};
