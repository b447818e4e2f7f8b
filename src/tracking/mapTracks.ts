import type { Size } from '../geometry/letterbox.js';
import type { ValueGrid } from '../maps/mapAgreement.js';
import { type BoxGrid, boxGrid, gridAgreement, type MapPlace, mapPlace } from './boxGrid.js';
import { IouTracker, type TrackableBox, type TrackerOptions } from './iouTracker.js';

/** How boxes are followed in a replay. */
export const TRACKING: TrackerOptions = { iouThreshold: 0.3, maxMissed: 2 };

/** A detection of an image with its map over the whole picture, where it has one. */
export interface MappedBox extends TrackableBox {
  readonly map?: ValueGrid;
}

/** A detection as a step of its track. */
export interface TrackStep {
  readonly track: number;
  /** Where the map looks; absent where it is empty. */
  readonly place?: MapPlace;
  /** ρ_t: correlation with the track's map before, both seen from their boxes; absent for the first, and where either map is empty. */
  readonly correlation?: number;
}

/** A track that has ended. */
export interface MapTrack {
  readonly track: number;
  readonly className: string;
  readonly firstStampNs: bigint;
  readonly lastStampNs: bigint;
  /** Images in which it has a box. */
  readonly images: number;
  /** Pairs of successive maps that can be compared. */
  readonly pairs: number;
  /**
   * Temporal stability, the mean of ρ_t over the pairs, in [−1, 1]: 1 where the map moves along with the box and keeps its shape, lower
   * where it moves within the box or changes. Absent without a pair.
   */
  readonly stability?: number;
  /** Mean distance between successive centres of mass, each in units of its box; absent where no two successive maps have one. */
  readonly centreStep?: number;
}

interface Track extends Omit<MapTrack, 'stability' | 'centreStep'> {
  readonly grid: BoxGrid | undefined;
  readonly place: MapPlace | undefined;
  readonly correlations: number;
  readonly centreSteps: number;
  readonly centreDistance: number;
}

/**
 * How the maps of one band's boxes change from image to image. Each map is brought onto the common grid of its box (boxGrid.ts); of a track
 * with the grids `G_1 … G_n`
 *
 * `ρ_t = corr(G_{t−1}, G_t)`, `S = mean_t ρ_t` over the pairs of which neither map is flat.
 *
 * S says how steady an explanation is, not whether it is right. All maps that look at the middle of their boxes resemble each other, so S of
 * unrelated maps is not 0: `unrelated` says what it is, from the maps of different boxes of one image.
 *
 * Memory: one grid for each track that has not ended.
 */
export class MapTracks {
  readonly #tracker: IouTracker;
  readonly #tracks = new Map<number, Track>();
  readonly #unrelated = { pairs: 0, correlations: 0 };
  #stampNs: bigint | undefined;
  readonly #onEnd: (track: MapTrack) => void;

  /**
   * @param nextId numbers for new tracks
   * @param onEnd is told of each track when it ends, in the order of their numbers
   */
  constructor(nextId: () => number, onEnd: (track: MapTrack) => void, options: TrackerOptions = TRACKING) {
    this.#onEnd = onEnd;
    this.#tracker = new IouTracker(options, nextId);
  }

  /** Takes the next image of the band; one whose stamp is not later than that before (a bag that loops) ends all tracks first. */
  add(stampNs: bigint, picture: Size, boxes: readonly MappedBox[]): TrackStep[] {
    if (this.#stampNs !== undefined && stampNs <= this.#stampNs) this.end();
    this.#stampNs = stampNs;
    const { tracks, ended } = this.#tracker.add(boxes);
    this.#endTracks(ended);
    const steps = boxes.map((box, i) => this.#step(tracks[i], stampNs, picture, box));
    tracks.slice(1).forEach((track, i) => this.#compare(tracks[i], track));
    return steps;
  }

  /** Mean correlation of the maps of different boxes of one image, each box with the next in its list; absent without a pair. */
  get unrelated(): number | undefined {
    const { pairs, correlations } = this.#unrelated;
    return pairs > 0 ? correlations / pairs : undefined;
  }

  /** Ends all tracks. */
  end(): void {
    this.#endTracks(this.#tracker.end());
  }

  #step(track: number, stampNs: bigint, picture: Size, { className, box, map }: MappedBox): TrackStep {
    const hasArea = box.x2 > box.x1 && box.y2 > box.y1;
    const grid = map && hasArea ? boxGrid(map, box, picture) : undefined;
    const place = grid && mapPlace(grid);
    const before = this.#tracks.get(track);
    const correlation = grid && before?.grid && gridAgreement(before.grid, grid);
    const distance =
      place && before?.place
        ? Math.hypot(place.centre.x - before.place.centre.x, place.centre.y - before.place.centre.y)
        : undefined;
    this.#tracks.set(track, {
      track,
      className,
      firstStampNs: before?.firstStampNs ?? stampNs,
      lastStampNs: stampNs,
      images: (before?.images ?? 0) + 1,
      pairs: (before?.pairs ?? 0) + (correlation === undefined ? 0 : 1),
      correlations: (before?.correlations ?? 0) + (correlation ?? 0),
      centreSteps: (before?.centreSteps ?? 0) + (distance === undefined ? 0 : 1),
      centreDistance: (before?.centreDistance ?? 0) + (distance ?? 0),
      grid,
      place,
    });
    return { track, ...(place && { place }), ...(correlation !== undefined && { correlation }) };
  }

  #compare(a: number, b: number): void {
    const [gridA, gridB] = [a, b].map((track) => this.#tracks.get(track)?.grid);
    const correlation = gridA && gridB && gridAgreement(gridA, gridB);
    if (correlation === undefined) return;
    this.#unrelated.pairs++;
    this.#unrelated.correlations += correlation;
  }

  #endTracks(ended: readonly number[]): void {
    for (const id of [...ended].sort((a, b) => a - b)) {
      const known = this.#tracks.get(id);
      if (known === undefined) continue;
      this.#tracks.delete(id);
      const { track, className, firstStampNs, lastStampNs, images, pairs } = known;
      const { correlations, centreSteps, centreDistance } = known;
      this.#onEnd({
        ...{ track, className, firstStampNs, lastStampNs, images, pairs },
        ...(pairs > 0 && { stability: correlations / pairs }),
        ...(centreSteps > 0 && { centreStep: centreDistance / centreSteps }),
      });
    }
  }
}
