import type { ModelTensors } from '../modelTensors.js';
import { conventionOf, UNIT, type Recognition } from './recognition.js';

/** RGB from 0 to 1 in the middle of grey 114. */
export const ULTRALYTICS_INPUT = { ...UNIT, resize: 'letterbox-centre', padding: 114 } as const;

/** Values behind the class scores, by the task that the exporter wrote down. */
const EXTRA: Readonly<Record<string, number>> = { segment: 32, pose: 51 };

/**
 * A table of predictions of Ultralytics' exporter.
 * @param values columns behind box (and objectness): classes and what a task adds
 */
export function ultralyticsDraft(
  { metadata, outputs }: ModelTensors,
  family: 'yolo-v8' | 'yolo-v5',
  predictions: string,
  values: number,
): Recognition | undefined {
  const task =
    metadata.get('task') ?? (outputs.some(({ shape }) => shape.length === 4 && shape[1] === 32) ? 'segment' : 'detect');
  // Oriented boxes have an angle that no upright box can show.
  if (task === 'obb' || task === 'classify') return undefined;
  const extra = EXTRA[task] ?? 0;
  if (values - extra < 1) return undefined;
  return {
    family,
    fields: { outputs: { predictions, ...(extra > 0 && { extra }) } },
    classCount: values - extra,
    input: ULTRALYTICS_INPUT,
    assumed: conventionOf('Ultralytics'),
  };
}
