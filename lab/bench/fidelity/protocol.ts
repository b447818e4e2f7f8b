import type { SaliencyMap } from '../../../src/maps/saliencyMap.js';
import type { PlannedPicture, SourcePixels } from './plan.js';
import type { RecordedStream } from './streams.js';

interface OfPicture {
  /** Manifest of the network. */
  readonly manifest: string;
  readonly picture: PlannedPicture;
}

/** What a thread of the bench is asked for. */
export type FidelityTask =
  /** Scores masks `from` to `from + count − 1` of a stream. */
  | (OfPicture & {
      readonly kind: 'masks';
      readonly stream: RecordedStream;
      readonly from: number;
      readonly count: number;
    })
  /** Deletion and insertion of a box's map. */
  | (OfPicture & {
      readonly kind: 'curves';
      readonly box: number;
      readonly map: SaliencyMap;
      readonly steps: number;
    });

/** A task, and the pixels of its picture. */
export interface FidelityRequest {
  readonly task: FidelityTask;
  readonly source: SourcePixels;
}

export type FidelityAnswer =
  | { readonly kind: 'masks'; readonly scores: Float32Array<ArrayBuffer>; readonly ms: number }
  | { readonly kind: 'curves'; readonly deletion: number; readonly insertion: number };
