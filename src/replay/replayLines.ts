import path from 'node:path';
import type { PerceivedSet } from '../perception/perceivedSet.js';
import { detectionLines } from './detectionLines.js';
import { fusedLines } from './fusedLines.js';
import { JsonLinesWriter } from './jsonLines.js';
import type { ExplainedFusion } from './replayFusion.js';
import { trackLine, type EndedTrack, type SetTracks } from './replayTracks.js';

/** What a replay writes as JSON lines: `detections.jsonl`, `tracks.jsonl`, and `fused.jsonl` where the bands are fused. */
export class ReplayLines {
  readonly #detections: JsonLinesWriter;
  readonly #tracks: JsonLinesWriter;
  readonly #fused: JsonLinesWriter | undefined;

  private constructor(detections: JsonLinesWriter, tracks: JsonLinesWriter, fused: JsonLinesWriter | undefined) {
    this.#detections = detections;
    this.#tracks = tracks;
    this.#fused = fused;
  }

  /** @throws ExpectedError `output` where a file cannot be made */
  static async create(folder: string, isFused: boolean): Promise<ReplayLines> {
    const file = (name: string): Promise<JsonLinesWriter> => JsonLinesWriter.create(path.join(folder, `${name}.jsonl`));
    return new ReplayLines(await file('detections'), await file('tracks'), isFused ? await file('fused') : undefined);
  }

  /** Paths by what they hold. */
  get files(): Record<string, string> {
    return {
      detections: this.#detections.path,
      tracks: this.#tracks.path,
      ...(this.#fused && { fused: this.#fused.path }),
    };
  }

  async addSet({ frames }: PerceivedSet, tracks: SetTracks, fusion: ExplainedFusion | undefined): Promise<void> {
    for (const [spectrum, frame] of frames) {
      if (frame.kind !== 'perceived') continue;
      for (const line of detectionLines(frame, tracks.steps.get(spectrum) ?? [])) await this.#detections.write(line);
    }
    await this.addTracks(tracks.ended);
    if (fusion && this.#fused) for (const line of fusedLines(fusion)) await this.#fused.write(line);
  }

  async addTracks(ended: readonly EndedTrack[]): Promise<void> {
    for (const track of ended) await this.#tracks.write(trackLine(track));
  }

  async close(): Promise<void> {
    await this.#detections.close();
    await this.#tracks.close();
    await this.#fused?.close();
  }
}
