import type { BagWriter } from '../bag/bagWriter.js';
import type { BandContribution } from '../fusion/bandContributions.js';
import type { FusionConfig } from '../fusion/fusionSchema.js';
import type { PerceivedSet } from '../perception/perceivedSet.js';
import { type FusedFrames, SetFusion } from '../perception/setFusion.js';
import { FusedAnnotator } from './fusedAnnotator.js';
import { type FusionSummary, FusionTally } from './fusionTally.js';

/** The fused detections of a set, and which band carried each of them. */
export interface ExplainedFusion {
  readonly fused: FusedFrames;
  /** Of each of the fused detections, a value for each band that took part. */
  readonly contributions: readonly BandContribution[][];
}

/** Fuses the sets of a replay, writes the fused detections into the annotated bag and counts them. */
export class ReplayFusion {
  readonly #sets: SetFusion;
  readonly #tally: FusionTally;
  readonly #annotator: FusedAnnotator;

  constructor(config: FusionConfig, annotated: BagWriter) {
    this.#sets = new SetFusion(config);
    this.#tally = new FusionTally(config.reference);
    this.#annotator = new FusedAnnotator(annotated);
  }

  /** Announces the topics, so that they exist even where nothing is detected. */
  announce(): Promise<void> {
    return this.#annotator.announce();
  }

  async add(set: PerceivedSet): Promise<ExplainedFusion> {
    const fused = this.#sets.fuse(set);
    const contributions = this.#sets.contributions(set, fused);
    this.#tally.add(fused, contributions);
    const received = [...set.frames.values()].map(({ header }) => header.receivedNs);
    // Logged when the last image of the set was.
    const logTimeNs = received.reduce((latest, ns) => (ns > latest ? ns : latest));
    await this.#annotator.write(fused, contributions, logTimeNs);
    return { fused, contributions };
  }

  summary(): FusionSummary {
    return this.#tally.summary();
  }
}
