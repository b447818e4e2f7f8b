import type { PerceivedSet } from '../perception/perceivedSet.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import { GRID_CELLS, GRID_SPAN } from '../tracking/boxGrid.js';
import { type MapTrack, MapTracks, TRACKING, type TrackStep } from '../tracking/mapTracks.js';

/** How the maps of one band's tracks behaved over a drive. */
export interface BandTracks {
  /** Tracks of at least two images. */
  readonly tracks: number;
  /** Their longest, images. */
  readonly longest: number;
  /** Pairs of successive maps that could be compared. */
  readonly pairs: number;
  /** Mean correlation of successive maps over all pairs, in [−1, 1]: see tracking/mapTracks.ts. Absent without a pair. */
  readonly stability?: number;
  /** What the mean correlation is between the maps of different boxes of one image: what stability is to be compared with. */
  readonly unrelated?: number;
}

export interface TracksSummary {
  readonly rule: typeof TRACKING & { readonly gridCells: number; readonly gridSpan: number };
  readonly bands: Readonly<Partial<Record<Spectrum, BandTracks>>>;
}

/** A track that has ended, and of which band. */
export interface EndedTrack extends MapTrack {
  readonly spectrum: Spectrum;
}

/** One line of `tracks.jsonl`. */
export function trackLine({ track, spectrum, className, ...figures }: EndedTrack): object {
  return { track, spectrum, class: className, ...figures };
}

/** What a set does to the tracks. */
export interface SetTracks {
  /** By band, in the order of its detections. */
  readonly steps: ReadonlyMap<Spectrum, readonly TrackStep[]>;
  /** Tracks that ended with it. */
  readonly ended: readonly EndedTrack[];
}

/** Follows the detections of a replay and their maps, band by band; memory depends on what is in sight. */
export class ReplayTracks {
  readonly #bands = new Map<Spectrum, MapTracks>();
  readonly #sums = new Map<Spectrum, { tracks: number; longest: number; pairs: number; correlations: number }>();
  #ended: EndedTrack[] = [];
  #next = 1;

  add({ frames }: PerceivedSet): SetTracks {
    const steps = new Map<Spectrum, readonly TrackStep[]>();
    for (const [spectrum, frame] of frames) {
      if (frame.kind !== 'perceived') continue;
      let band = this.#bands.get(spectrum);
      if (band === undefined) this.#bands.set(spectrum, (band = this.#newBand(spectrum)));
      steps.set(spectrum, band.add(frame.header.stampNs, frame, frame.detections));
    }
    return { steps, ended: this.#takeEnded() };
  }

  /** Ends all tracks. */
  end(): readonly EndedTrack[] {
    for (const band of this.#bands.values()) band.end();
    return this.#takeEnded();
  }

  summary(): TracksSummary {
    const bands = SPECTRA.flatMap((spectrum) => {
      const sums = this.#sums.get(spectrum);
      if (sums === undefined) return [];
      const { tracks, longest, pairs, correlations } = sums;
      const unrelated = this.#bands.get(spectrum)?.unrelated;
      const figures: BandTracks = {
        ...{ tracks, longest, pairs },
        ...(pairs > 0 && { stability: correlations / pairs }),
        ...(unrelated !== undefined && { unrelated }),
      };
      return [[spectrum, figures] as const];
    });
    const rule = { ...TRACKING, gridCells: GRID_CELLS, gridSpan: GRID_SPAN };
    return { rule, bands: Object.fromEntries(bands) };
  }

  #takeEnded(): EndedTrack[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  #newBand(spectrum: Spectrum): MapTracks {
    const sums = { tracks: 0, longest: 0, pairs: 0, correlations: 0 };
    this.#sums.set(spectrum, sums);
    return new MapTracks(
      () => this.#next++,
      (track) => {
        this.#ended.push({ ...track, spectrum });
        if (track.images < 2) return;
        sums.tracks++;
        sums.longest = Math.max(sums.longest, track.images);
        sums.pairs += track.pairs;
        sums.correlations += (track.stability ?? 0) * track.pairs;
      },
    );
  }
}

/** The figures in words, for the report and the terminal. */
export function trackNotes({ bands }: TracksSummary): string[] {
  const parts = Object.entries(bands).flatMap(([spectrum, { tracks, stability, unrelated }]) => {
    if (stability === undefined) return [];
    const beside = unrelated === undefined ? '' : `, different boxes ${unrelated.toFixed(2)}`;
    return [`${spectrum} ${stability.toFixed(2)} (${String(tracks)} tracks${beside})`];
  });
  if (parts.length === 0) return [];
  return [
    `Mean correlation of maps from image to image, along the boxes that could be followed: ${parts.join('; ')}. “Different boxes”: between the maps of different boxes of one image.`,
  ];
}
