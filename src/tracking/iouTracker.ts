import { iou, type Box } from '../geometry/box.js';

/** What a tracker looks at. */
export interface TrackableBox {
  readonly className: string;
  readonly box: Box;
}

export interface TrackerOptions {
  /** A box continues a track of its class that it overlaps by at least this (intersection over union), in (0, 1]. */
  readonly iouThreshold: number;
  /** Images in a row in which a track may have no box; with one more it ends. */
  readonly maxMissed: number;
}

/** What became of the boxes of one image. */
export interface TrackedImage {
  /** Number of the track of each box, in the order of the boxes. */
  readonly tracks: readonly number[];
  /** Tracks that ended with this image. */
  readonly ended: readonly number[];
}

interface Track extends TrackableBox {
  readonly id: number;
  readonly missed: number;
}

/**
 * Follows boxes from image to image by overlap alone, greedily: of all pairs of a track and a box of its class, the pair with the highest
 * IoU between the track's last box and the box is joined first, then the next of those that are left, down to `iouThreshold`. A box that is
 * left starts a track. Nothing is predicted: a thing that moves further than its own size between two images becomes a new track.
 *
 * Memory: the last box of each track that has not ended.
 */
export class IouTracker {
  #tracks: readonly Track[] = [];
  readonly options: TrackerOptions;
  readonly #nextId: () => number;

  /** @param nextId numbers for new tracks; trackers may share them */
  constructor(options: TrackerOptions, nextId: () => number) {
    this.options = options;
    this.#nextId = nextId;
  }

  /** Takes the boxes of the next image. */
  add(boxes: readonly TrackableBox[]): TrackedImage {
    const pairs = this.#tracks
      .flatMap((track, t) => boxes.map((box, b) => ({ t, b, overlap: overlapOf(track, box) })))
      .filter(({ overlap }) => overlap >= this.options.iouThreshold)
      .sort((x, y) => y.overlap - x.overlap || x.t - y.t || x.b - y.b);
    const trackOf = new Map<number, number>();
    const taken = new Set<number>();
    for (const { t, b } of pairs) {
      if (taken.has(t) || trackOf.has(b)) continue;
      taken.add(t);
      trackOf.set(b, this.#tracks[t].id);
    }
    const seen = boxes.map(({ className, box }, b): Track => {
      return { id: trackOf.get(b) ?? this.#nextId(), className, box, missed: 0 };
    });
    const unseen = this.#tracks
      .filter((_track, t) => !taken.has(t))
      .map((track): Track => ({ ...track, missed: track.missed + 1 }));
    const { maxMissed } = this.options;
    this.#tracks = [...unseen.filter(({ missed }) => missed <= maxMissed), ...seen];
    return {
      tracks: seen.map(({ id }) => id),
      ended: unseen.filter(({ missed }) => missed > maxMissed).map(({ id }) => id),
    };
  }

  /** Ends all tracks; returns their numbers. */
  end(): number[] {
    const ended = this.#tracks.map(({ id }) => id);
    this.#tracks = [];
    return ended;
  }
}

function overlapOf(a: TrackableBox, b: TrackableBox): number {
  return a.className === b.className ? iou(a.box, b.box) : 0;
}
