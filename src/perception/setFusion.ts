import { type BandContribution, bandContributions } from '../fusion/bandContributions.js';
import type { FusionConfig } from '../fusion/fusionSchema.js';
import { type BandDetections, type FusedSet, SpectralFusion } from '../fusion/spectralFusion.js';
import type { PerceivedSet } from './perceivedSet.js';

/** What all bands together saw, with the header that its messages bear. */
export interface FusedFrames extends FusedSet {
  /**
   * That of the reference band's image, so that viewers find the two together; without one, the stamp of the set's earliest image and the
   * frame id that the reference band's images had last.
   */
  readonly header: { readonly stampNs: bigint; readonly frameId: string };
  /** Class names in the order of the first model that took part: colours follow it. */
  readonly classes: readonly string[];
}

/** Fuses perceived sets. */
export class SetFusion {
  readonly #fusion: SpectralFusion;
  #frameId: string;

  constructor(config: FusionConfig) {
    this.#fusion = new SpectralFusion(config);
    this.#frameId = `${config.reference}_optical_frame`;
  }

  /** @param iouThreshold in place of the configuration's */
  fuse(set: PerceivedSet, iouThreshold?: number): FusedFrames {
    const fused = this.#fusion.fuse(bandDetections(set), iouThreshold);
    const header = set.frames.get(fused.reference)?.header;
    this.#frameId = header?.frameId ?? this.#frameId;
    const classes = [...set.frames.values()].flatMap((frame) =>
      frame.kind === 'perceived' ? [frame.model.classes] : [],
    );
    return {
      ...fused,
      header: { stampNs: header?.stampNs ?? set.stampNs, frameId: this.#frameId },
      classes: classes[0] ?? [],
    };
  }

  /** Which band carried each of the detections that `fuse` made of the set, in their order. */
  contributions(set: PerceivedSet, fused: FusedSet, iouThreshold?: number): BandContribution[][] {
    return bandContributions(this.#fusion, bandDetections(set), fused, iouThreshold);
  }
}

/** The frames of a set that were perceived, as fusion takes them. */
function bandDetections({ frames }: PerceivedSet): BandDetections[] {
  return [...frames].flatMap(([spectrum, frame]) => {
    if (frame.kind !== 'perceived') return [];
    const { width, height, detections, model } = frame;
    return [{ spectrum, width, height, detections, classes: model.classes }];
  });
}
