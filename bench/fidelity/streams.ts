import type { MaskStreamOptions, Sampler } from '../../src/saliency/maskStream.js';

/** One way of drawing masks, recorded once for each picture; every estimator is tried on the record afterwards. */
export interface RecordedStream {
  readonly name: string;
  readonly sampler: Sampler;
  readonly rows: number;
  readonly columns: number;
  readonly probability: number;
  readonly seed: number;
  /** Masks that are recorded. */
  readonly passes: number;
}

const study = { rows: 8, columns: 8, probability: 0.1 } as const;

/** The reference is the study's RISE with masks of its own. */
export function streams(reference: number, passes: number): RecordedStream[] {
  const own = { ...study, passes };
  return [
    { name: 'reference', sampler: 'plain', ...study, seed: 1_000_001, passes: reference },
    { name: 'plain', sampler: 'plain', ...own, seed: 1 },
    { name: 'importance', sampler: 'importance', ...own, seed: 2 },
    { name: 'stratified', sampler: 'stratified', ...own, seed: 3 },
    { name: 'antithetic', sampler: 'antithetic', ...own, seed: 4 },
    { name: 'plain, p = 0.25', sampler: 'plain', ...own, probability: 0.25, seed: 5 },
    { name: 'importance, p = 0.25', sampler: 'importance', ...own, probability: 0.25, seed: 6 },
    { name: 'importance, p = 0.5', sampler: 'importance', ...own, probability: 0.5, seed: 7 },
    { name: 'importance, 12×12', sampler: 'importance', ...own, rows: 12, columns: 12, seed: 8 },
  ];
}

export function streamOptions(
  { seed, rows, columns, probability, sampler }: RecordedStream,
  content: MaskStreamOptions['content'],
  targets: MaskStreamOptions['targets'],
): MaskStreamOptions {
  return { seed, content, grid: { rows, columns }, probability, sampler, targets };
}
