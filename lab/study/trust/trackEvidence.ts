import { iou, type Box } from '../../../src/geometry/box.js';

/** What the frames before say of a detection. */
export interface TrackEvidence {
  /** Of the last frames, up to TRACK_FRAMES, the share through which the box was followed without a gap. */
  readonly followed: number;
  /** IoU with the box that it follows, 0 where there is none. */
  readonly overlap: number;
  /** Mean score of the boxes that it follows over these frames, 0 where it was not followed. */
  readonly score: number;
}

/** A detection as tracking takes it. */
export interface TrackedBox {
  readonly className: string;
  readonly score: number;
  readonly box: Box;
}

/** How far back evidence goes. */
export const TRACK_FRAMES = 3;
/** A box follows one of its class in the frame before that it overlaps by at least this. */
export const TRACK_IOU = 0.3;

interface Link {
  readonly overlap: number;
  /** Scores of the boxes that are followed, the nearest frame first, at most TRACK_FRAMES. */
  readonly scores: readonly number[];
}

/**
 * Follows boxes from frame to frame of one camera: best score first, each box takes the free one of its class in the frame before that
 * it overlaps most. Nothing is known of later frames, as in a live system.
 * @param frames consecutive frames of one drive, the first one first
 * @returns for each frame, for each detection; undefined in the first frame, which has none before
 */
export function trackEvidence(frames: readonly (readonly TrackedBox[])[]): (TrackEvidence | undefined)[][] {
  let before: readonly TrackedBox[] = [];
  let links: readonly Link[] = [];
  return frames.map((boxes, number) => {
    const own = number === 0 ? boxes.map(() => ({ overlap: 0, scores: [] })) : linkTo(before, links, boxes);
    before = boxes;
    links = own;
    const reach = Math.min(number, TRACK_FRAMES);
    return own.map(({ overlap, scores }) => {
      if (reach === 0) return undefined;
      return {
        followed: scores.length / reach,
        overlap,
        score: scores.reduce((sum, score) => sum + score, 0) / reach,
      };
    });
  });
}

function linkTo(before: readonly TrackedBox[], links: readonly Link[], boxes: readonly TrackedBox[]): Link[] {
  const free = new Set(before.keys());
  const result = new Array<Link>(boxes.length);
  const order = [...boxes.keys()].sort((a, b) => boxes[b].score - boxes[a].score || a - b);
  for (const i of order) {
    let best = -1;
    let overlap = TRACK_IOU;
    for (const k of free) {
      if (before[k].className !== boxes[i].className) continue;
      const shared = iou(before[k].box, boxes[i].box);
      if (shared < overlap || (shared === overlap && best >= 0)) continue;
      best = k;
      overlap = shared;
    }
    free.delete(best);
    result[i] =
      best < 0
        ? { overlap: 0, scores: [] }
        : { overlap, scores: [before[best].score, ...links[best].scores].slice(0, TRACK_FRAMES) };
  }
  return result;
}
