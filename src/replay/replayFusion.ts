import type { BagWriter } from '../bag/bagWriter.js';
import type { FusionConfig } from '../fusion/fusionSchema.js';
import type { PerceivedSet } from '../pipeline/perceivedSet.js';
import { type FusedFrames, SetFusion } from '../pipeline/setFusion.js';
import { FusedAnnotator } from './fusedAnnotator.js';
import { type FusionSummary, FusionTally } from './fusionTally.js';

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

  async add(set: PerceivedSet): Promise<FusedFrames> {
    const fused = this.#sets.fuse(set);
    this.#tally.add(fused);
    const received = [...set.frames.values()].map(({ header }) => header.receivedNs);
    // Logged when the last image of the set was.
    await this.#annotator.write(
      fused,
      received.reduce((latest, ns) => (ns > latest ? ns : latest)),
    );
    return fused;
  }

  summary(): FusionSummary {
    return this.#tally.summary();
  }
}
