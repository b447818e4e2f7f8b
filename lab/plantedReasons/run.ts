import { createHash } from 'node:crypto';
import path from 'node:path';
import { type ResumableOutcome, runResumable, type RunOptions } from '../study/resumable.js';
import { REASON_METHODS } from './methods.js';
import { plantedCases, type PlantedCase } from './reasons.js';
import { REASONS_JOURNAL, type ReasonRecord } from './record.js';
import type { ReasonsAnswer, ReasonsRequest } from './reasonsWorker.js';

/** `tuning`: the even seeds, on which constants were chosen. `judging`: the odd ones, on which nothing was. */
export const HALVES = ['judging', 'tuning'] as const;
export type Half = (typeof HALVES)[number];

export interface ReasonsPlan {
  readonly half: Half;
  readonly cases: readonly PlantedCase[];
}

/** @param seeds of each kind of reason and size of box */
export function planReasons(half: Half, seeds: number): ReasonsPlan {
  const first = half === 'tuning' ? 0 : 1;
  return { half, cases: plantedCases(Array.from({ length: seeds }, (_, i) => first + 2 * i)) };
}

/** Measures what the journal does not have yet. */
export function runReasons({ cases }: ReasonsPlan, options: RunOptions): Promise<ResumableOutcome<ReasonRecord>> {
  const { folder, workers, signal, onProgress } = options;
  return runResumable<PlantedCase, ReasonsRequest, ReasonsAnswer, ReasonRecord>({
    journal: { file: path.join(folder, 'journal.jsonl'), identity: identityOf(cases), kind: REASONS_JOURNAL },
    script: new URL('./reasonsWorker.js', import.meta.url),
    name: 'reasons worker',
    workerData: () => Promise.resolve(undefined),
    workers,
    tasks: cases,
    taskKey: ({ id }) => id,
    entryKey: ({ id }) => id,
    work: async (client, planted) => {
      const record = await client.call({ kind: 'measure', planted });
      if (!record) throw new Error(`${client.options.name} did not answer`);
      return record;
    },
    close: { kind: 'close' },
    signal,
    onProgress: (done) => onProgress?.(done.length, cases.length),
  });
}

function identityOf(cases: readonly PlantedCase[]): string {
  return createHash('sha256')
    .update(JSON.stringify([cases, REASON_METHODS]))
    .digest('hex');
}
