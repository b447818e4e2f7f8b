import { csvLine } from './csvLine.js';
import { STUDY_FIGURES } from './figures.js';
import type { StudyRecord } from './record.js';

/** A line for each picture and method with every figure; pictures without a target have one line and no figures. */
export function valuesCsv(records: readonly StudyRecord[]): string {
  const head = ['network', 'spectrum', 'image', 'group', 'time', 'class', 'score', 'correct', 'x1', 'y1', 'x2', 'y2'];
  const lines = [csvLine([...head, 'method', ...STUDY_FIGURES.map(({ name }) => name), 'passes'])];
  for (const record of records) {
    const { network, spectrum, image, group, time } = record;
    const identity = [network, spectrum, image, group, time];
    if (record.outcome === 'no target') {
      lines.push(csvLine([...identity, ...Array<undefined>(8 + STUDY_FIGURES.length + 1).fill(undefined)]));
      continue;
    }
    const { className, score, correct, box } = record.target;
    const target = [className, score, Number(correct), box.x1, box.y1, box.x2, box.y2];
    for (const [method, figures] of Object.entries(record.methods))
      lines.push(
        csvLine([
          ...identity,
          ...target,
          method,
          ...STUDY_FIGURES.map(({ of }) => of(figures, record.target)),
          figures.passes,
        ]),
      );
  }
  return lines.join('');
}

/** A line for each picture, method and curve: the score after every step. */
export function curvesCsv(records: readonly StudyRecord[], steps: number): string {
  const shares = Array.from({ length: steps + 1 }, (_, step) => (step / steps).toFixed(4));
  const lines = [csvLine(['network', 'spectrum', 'image', 'method', 'curve', ...shares])];
  for (const record of records) {
    if (record.outcome === 'no target') continue;
    const { network, spectrum, image } = record;
    for (const [method, { deletionCurve, insertionCurve }] of Object.entries(record.methods)) {
      lines.push(csvLine([network, spectrum, image, method, 'deletion', ...deletionCurve]));
      lines.push(csvLine([network, spectrum, image, method, 'insertion', ...insertionCurve]));
    }
  }
  return lines.join('');
}
