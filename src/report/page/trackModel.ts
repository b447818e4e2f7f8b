import type { Figure } from './figure.js';
import type { SetRow } from './format.js';

/** One box of a track. */
export interface TrackPlace {
  /** Position of its set within the list of sets. */
  readonly position: number;
  /** Position of its frame within the set, and of the detection within the frame. */
  readonly frame: number;
  readonly detection: number;
  /** Centre of mass of its map in units of the box; null for an empty map. */
  readonly centre: { readonly x: number; readonly y: number } | null;
  /** With the track's map before. */
  readonly correlation: Figure;
}

/** A thing that was followed through the frames of one spectrum. */
export interface Track {
  readonly id: number;
  readonly spectrum: number;
  readonly classIndex: number;
  readonly places: readonly TrackPlace[];
  /** Mean of the correlations; null where there is none. */
  readonly stability: Figure;
  /** Mean distance between successive centres, in units of the box; null where no two have one. */
  readonly centreStep: Figure;
}

/** The tracks of all sets, in the order in which they begin. */
export function tracksOf(sets: readonly SetRow[]): Track[] {
  const tracks = new Map<number, { spectrum: number; classIndex: number; places: TrackPlace[] }>();
  sets.forEach(({ f, k = [] }, position) => {
    k.forEach((steps, frame) => {
      steps.forEach(([id, x, y, , , correlation], detection) => {
        const [spectrum, , , , detections] = f[frame] ?? [0, 0, 0, 0, []];
        let track = tracks.get(id);
        if (track === undefined) {
          track = { spectrum, classIndex: detections[detection]?.[0] ?? 0, places: [] };
          tracks.set(id, track);
        }
        const centre = x === null || y === null ? null : { x, y };
        track.places.push({ position, frame, detection, centre, correlation });
      });
    });
  });
  return [...tracks].map(([id, track]) => ({ id, ...track, ...figures(track.places) }));
}

function figures(places: readonly TrackPlace[]): Pick<Track, 'stability' | 'centreStep'> {
  const correlations = places.flatMap(({ correlation }) => correlation ?? []);
  const steps = places.slice(1).flatMap(({ centre }, i) => {
    const before = places[i]?.centre ?? null;
    return centre === null || before === null ? [] : Math.hypot(centre.x - before.x, centre.y - before.y);
  });
  return { stability: mean(correlations), centreStep: mean(steps) };
}

function mean(values: readonly number[]): Figure {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How tracks are sorted, and what a reader calls it. */
export const TRACK_ORDERS = {
  least: 'least steady first',
  most: 'steadiest first',
  longest: 'longest first',
} as const;
export type TrackOrder = keyof typeof TRACK_ORDERS;

/** Tracks without a stability come last. */
export function sortedTracks(tracks: readonly Track[], order: TrackOrder): Track[] {
  const key = ({ stability, places }: Track): number => {
    if (order === 'longest') return -places.length;
    return stability === null ? Infinity : order === 'least' ? stability : -stability;
  };
  return [...tracks].sort((a, b) => key(a) - key(b) || a.id - b.id);
}
