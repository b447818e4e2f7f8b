import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { Journal } from '../../study/journal.js';
import type { PlannedPicture } from './plan.js';
import type { RecordedStream } from './streams.js';

const maskScores = z.object({
  kind: z.literal('masks'),
  picture: z.string(),
  stream: z.string(),
  from: z.int(),
  count: z.int(),
  /** float32 [count, boxes], base64. */
  scores: z.base64(),
  /** Of all `count` passes together. */
  ms: z.number(),
});
const curves = z.object({
  kind: z.literal('curves'),
  picture: z.string(),
  box: z.int(),
  map: z.string(),
  /** Areas under the curves over the score in the whole picture. */
  deletion: z.number(),
  insertion: z.number(),
});
const record = z.discriminatedUnion('kind', [maskScores, curves]);

export type FidelityRecord = z.infer<typeof record>;
export type CurveRecord = z.infer<typeof curves>;

/** What a run has recorded so far, each piece on disk before the next is asked for. */
export class Records {
  #writing: Promise<void> = Promise.resolve();
  readonly #journal: Journal<FidelityRecord>;

  private constructor(journal: Journal<FidelityRecord>) {
    this.#journal = journal;
  }

  /** @throws ExpectedError `usage` where the folder holds records of other pictures or networks */
  static async open(folder: string, pictures: readonly PlannedPicture[]): Promise<Records> {
    const identity = createHash('sha256').update(JSON.stringify(pictures)).digest('hex');
    return new Records(
      await Journal.open(path.join(folder, 'records.jsonl'), identity, { name: 'fidelity records', record }),
    );
  }

  /** On disk when it resolves. */
  add(entry: FidelityRecord): Promise<void> {
    this.#writing = this.#writing.then(() => this.#journal.append(entry));
    return this.#writing;
  }

  get all(): readonly FidelityRecord[] {
    return this.#journal.records;
  }

  /** Scores [masks, boxes] of a picture under a stream, from the first mask as far as there is no gap. */
  scores({ id, boxes }: PlannedPicture, { name, passes }: RecordedStream): Float32Array {
    const pieces = this.#journal.records
      .filter((entry) => entry.kind === 'masks')
      .filter(({ picture, stream }) => picture === id && stream === name)
      .sort((a, b) => a.from - b.from);
    const scores = new Float32Array(passes * boxes.length);
    let done = 0;
    for (const { from, count, scores: text } of pieces) {
      if (from > done || done >= passes) break;
      const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
      const values = new Float32Array(bytes.buffer, 0, count * boxes.length);
      scores.set(values.subarray(0, Math.min(count, passes - from) * boxes.length), from * boxes.length);
      done = Math.max(done, Math.min(passes, from + count));
    }
    return scores.subarray(0, done * boxes.length);
  }

  /** Milliseconds of a pass through the whole network, and of a live one; undefined where none was recorded. */
  milliseconds(streams: readonly RecordedStream[], masks: RecordedStream['masks']): number | undefined {
    const names = new Set(streams.filter((stream) => stream.masks === masks).map(({ name }) => name));
    let [passes, ms] = [0, 0];
    for (const entry of this.#journal.records) {
      if (entry.kind !== 'masks' || !names.has(entry.stream)) continue;
      passes += entry.count;
      ms += entry.ms;
    }
    return passes > 0 ? ms / passes : undefined;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#journal.close();
  }
}
