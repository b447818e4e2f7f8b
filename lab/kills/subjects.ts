import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { evaluateSubject, replaySubject } from './commandSubjects.js';
import { explainSubject } from './explainSubject.js';
import { perceptionSubject } from './perceptionSubject.js';
import type { Subject } from './subject.js';

/** Of programs that go on until they are killed, milliseconds; loading takes its share. */
export const SPAN_MS = 10_000;

/** Makes a subject in an empty folder. `size`: how much there is to do; 1 is what the tests take. */
export const SUBJECTS = {
  explain: (folder: string, size: number, spanMs: number) => explainSubject(folder, 12 * size, spanMs),
  perception: (folder: string, _size: number, spanMs: number) =>
    Promise.resolve(perceptionSubject(path.join(folder, 'log'), spanMs)),
  replay: (folder: string, size: number) => replaySubject(folder, 6 * size),
  evaluate: (folder: string, size: number) => evaluateSubject(folder, 3 * size),
} satisfies Record<string, (folder: string, size: number, spanMs: number) => Promise<Subject>>;

export type SubjectName = keyof typeof SUBJECTS;

export function makeSubject(name: SubjectName, folder: string, size: number, spanMs = SPAN_MS): Promise<Subject> {
  const own = path.join(folder, name);
  mkdirSync(own, { recursive: true });
  return SUBJECTS[name](own, size, spanMs);
}
