import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { evaluateSubject, replaySubject } from './commandSubjects.js';
import { explainSubject } from './explainSubject.js';
import { perceptionSubject } from './perceptionSubject.js';
import type { Subject } from './subject.js';

/** Of programs that go on until they are killed, milliseconds; loading takes its share. */
const SPAN_MS = 10_000;

/** Makes a subject in an empty folder. `size`: how much there is to do; 1 is what the tests take. */
export const SUBJECTS = {
  explain: (folder: string, size: number) => explainSubject(folder, 12 * size, SPAN_MS),
  perception: (folder: string) => Promise.resolve(perceptionSubject(path.join(folder, 'log'), SPAN_MS)),
  replay: (folder: string, size: number) => replaySubject(folder, 6 * size),
  evaluate: (folder: string, size: number) => evaluateSubject(folder, 3 * size),
} satisfies Record<string, (folder: string, size: number) => Promise<Subject>>;

export type SubjectName = keyof typeof SUBJECTS;

export function makeSubject(name: SubjectName, folder: string, size: number): Promise<Subject> {
  const own = path.join(folder, name);
  mkdirSync(own, { recursive: true });
  return SUBJECTS[name](own, size);
}
