import { SPECTRA, type Spectrum } from '../spectrum.js';
import type { ModelIdentity, PerceivedSet } from '../perception/perceivedSet.js';
import type { BandSyncCounters, SyncCounters } from '../perception/syncCounters.js';
import type { ExplainedSummary } from './explainedSets.js';
import type { FusionSummary } from './fusionTally.js';
import type { TracksSummary } from './replayTracks.js';
import { stagesOf } from './reportFrames.js';
import { StageLatencies, type LatencyFigures } from './stageLatencies.js';

/** Trouble of one kind with the frames of one band. */
export interface FrameTrouble {
  readonly spectrum: Spectrum;
  readonly what: string;
  readonly count: number;
}

/** What a replay of one drive found; `summary.json` holds exactly this. */
export interface ReplaySummary {
  readonly schemaVersion: 1;
  /** False where it was interrupted; what had been read by then is in the outputs. */
  readonly completed: boolean;
  readonly source: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly topics: Readonly<Partial<Record<Spectrum, string>>>;
  /** Image topics that no band takes; at most 10 of them. */
  readonly otherImageTopics: readonly string[];
  /** Messages by topic that the annotated bag leaves out: older results on topics that this replay writes itself. */
  readonly notCopied: Readonly<Record<string, number>>;
  readonly models: Readonly<Partial<Record<Spectrum, Omit<ModelIdentity, 'classes'>>>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly frameSets: number;
  readonly partialSets: number;
  /** Frames by band: in the bag, perceived, unusable, and dropped by the synchroniser. */
  readonly frames: Readonly<Partial<Record<Spectrum, FrameCounts>>>;
  /** Detections by band and class. */
  readonly detections: Readonly<Partial<Record<Spectrum, Readonly<Record<string, number>>>>>;
  /** Where the configuration fuses the bands. */
  readonly fusion?: FusionSummary;
  /** Where frame sets are explained by masking. */
  readonly explained?: ExplainedSummary;
  /** How steady the maps are along boxes that could be followed. */
  readonly tracks: TracksSummary;
  readonly clockJumps: number;
  readonly troubles: readonly FrameTrouble[];
  /** What of the bag could not be read. */
  readonly losses: readonly string[];
  /** Milliseconds per frame and stage. */
  readonly latency: Readonly<Record<string, LatencyFigures>>;
  readonly seconds: number;
  /** Perceived frames per second, all bands together. */
  readonly framesPerSecond: number;
}

export interface FrameCounts {
  readonly received: number;
  readonly perceived: number;
  readonly unusable: number;
  readonly dropped: number;
}

/** Kinds of trouble that are told apart; beyond them only their number grows. */
const MAX_TROUBLE_KINDS = 100;

/** Counts what a replay finds, in bounded memory. */
export class ReplayTally {
  readonly latencies = new StageLatencies();
  readonly #perceived = new Map<Spectrum, number>();
  readonly #unusable = new Map<Spectrum, number>();
  readonly #detections = new Map<Spectrum, Map<string, number>>();
  readonly #troubles = new Map<string, { spectrum: Spectrum; what: string; count: number }>();
  #detectionCount = 0;

  addSet(set: PerceivedSet): void {
    for (const [spectrum, frame] of set.frames) {
      if (frame.kind === 'failed') {
        this.addTrouble(spectrum, frame.error.message);
        continue;
      }
      increase(this.#perceived, spectrum);
      this.latencies.add(stagesOf(frame));
      let classes = this.#detections.get(spectrum);
      if (classes === undefined) this.#detections.set(spectrum, (classes = new Map<string, number>()));
      for (const { className } of frame.detections) increase(classes, className);
      this.#detectionCount += frame.detections.length;
      if (frame.picturesError !== undefined) this.#count(spectrum, `no picture: ${frame.picturesError.message}`);
    }
  }

  /** Notes an image that could not be used. */
  addTrouble(spectrum: Spectrum, what: string): void {
    increase(this.#unusable, spectrum);
    this.#count(spectrum, what);
  }

  get detectionCount(): number {
    return this.#detectionCount;
  }

  get perceivedCount(): number {
    return [...this.#perceived.values()].reduce((sum, count) => sum + count, 0);
  }

  get troubles(): FrameTrouble[] {
    return [...this.#troubles.values()];
  }

  /** @param bad image messages by band that never became frames, so that the synchroniser did not see them */
  frames({ bands }: SyncCounters, bad: ReadonlyMap<Spectrum, number>): ReplaySummary['frames'] {
    return bySpectrum(bands.keys(), (spectrum) => {
      const counters = bands.get(spectrum);
      const dropped = counters ? droppedOf(counters) : 0;
      return {
        received: (counters?.received ?? 0) + (bad.get(spectrum) ?? 0),
        perceived: this.#perceived.get(spectrum) ?? 0,
        unusable: this.#unusable.get(spectrum) ?? 0,
        dropped,
      };
    });
  }

  detections(): ReplaySummary['detections'] {
    return bySpectrum(this.#detections.keys(), (spectrum) => {
      const classes = [...(this.#detections.get(spectrum) ?? [])];
      return Object.fromEntries(classes.sort(([, a], [, b]) => b - a));
    });
  }

  #count(spectrum: Spectrum, what: string): void {
    const key = `${spectrum}\n${what}`;
    const known = this.#troubles.get(key);
    if (known !== undefined) known.count++;
    else if (this.#troubles.size < MAX_TROUBLE_KINDS) this.#troubles.set(key, { spectrum, what, count: 1 });
  }
}

/** Frames in which something was looked for, all bands together. */
export function perceivedFrames({ frames }: ReplaySummary): number {
  return Object.values(frames).reduce((sum, { perceived }) => sum + perceived, 0);
}

/** Frames of a band that the synchroniser did not use. */
export function droppedOf(
  band: Pick<BandSyncCounters, 'duplicates' | 'late' | 'overflowed' | 'unexpected' | 'implausible'>,
): number {
  return band.duplicates + band.late + band.overflowed + band.unexpected + band.implausible;
}

/** An object with one property for each of the bands, in the order of SPECTRA. */
export function bySpectrum<T>(
  bands: Iterable<Spectrum>,
  value: (spectrum: Spectrum) => T,
): Partial<Record<Spectrum, T>> {
  const present = new Set(bands);
  return Object.fromEntries(
    SPECTRA.filter((spectrum) => present.has(spectrum)).map((spectrum) => [spectrum, value(spectrum)]),
  );
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
