import type { ExplainTarget } from '../explanation.js';
import type { ExplainSettings } from '../settings.js';
import type { Size } from '../../geometry/letterbox.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import type { Spectrum } from '../../spectrum.js';

/** Where and when an image was taken. */
export interface ImageOrigin {
  readonly spectrum: Spectrum;
  readonly stampNs: bigint;
  readonly frameId: string;
  readonly size: Size;
}

/** What an explanation was, or is to be, made with. */
export interface ExplanationSource {
  readonly settings: ExplainSettings;
  readonly seed: number;
  readonly model: { readonly name: string; readonly sha256: string; readonly provider: string };
  /** Versions of the software. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why one box is there: the map that one method made for it, and everything that made it. See `msg/Explanation.msg`. */
export interface Explanation {
  readonly image: ImageOrigin;
  readonly target: ExplainTarget;
  /** Over the whole source image. */
  readonly map: SaliencyMap;
  /** Of each value of `map`; absent where the method is not random. */
  readonly standardError?: SaliencyMap;
  readonly source: ExplanationSource;
  readonly passes: number;
  readonly plannedPasses: number;
  /** Passes in which the box was not found again. */
  readonly lost: number;
  readonly converged: boolean;
  /** False where the work goes on, or was stopped. */
  readonly complete: boolean;
  /** Figures about the map by name, for example `energy_in_box`. */
  readonly scores: ReadonlyMap<string, number>;
  /** Nanoseconds since the epoch. */
  readonly madeAtNs: bigint;
}
