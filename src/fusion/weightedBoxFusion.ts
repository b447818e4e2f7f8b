import { iou, type Box } from '../geometry/box.js';

/** A box as fusion takes it. */
export interface FusionCandidate {
  /** Which detector it comes from. */
  readonly source: string;
  readonly className: string;
  /** In [0, 1]. */
  readonly score: number;
  /** All candidates in one and the same view. */
  readonly box: Box;
}

export interface FusionOptions {
  /** A box joins a cluster when it overlaps the cluster's fused box by more than this (intersection over union). The paper's best: 0.55. */
  readonly iouThreshold: number;
  /** N, how many detectors looked, whether or not they found anything; at least 1. */
  readonly sourceCount: number;
}

/** Boxes that were taken for one object. */
export interface FusedBox<T extends FusionCandidate> {
  readonly className: string;
  readonly box: Box;
  /** In [0, 1], never above the highest score of the members. */
  readonly score: number;
  /** At least one, best score first. */
  readonly members: readonly T[];
}

interface Cluster<T extends FusionCandidate> {
  readonly members: T[];
  box: Box;
}

/**
 * Weighted boxes fusion (Solovyev, Wang, Gabruseva: Weighted boxes fusion: ensembling boxes from different object detection models, Image
 * and Vision Computing 107, 2021), class by class:
 *
 * 1. Boxes are taken up by falling score `C`. Each joins the cluster of its class whose fused box overlaps it most, if by more than
 *    `iouThreshold`; else it founds a cluster.
 * 2. The fused box of a cluster of T boxes, brought up to date with each of them, is the mean weighted by the scores (equations 2 and 3),
 *    `X = Σ C_i X_i / Σ C_i` for each of its four coordinates, and its score the plain mean (equation 1), `C = Σ C_i / T`.
 * 3. Scores are scaled down where few of the N detectors agree (equation 5): `C ← C · min(T, N) / N`.
 *
 * The result does not depend on the order of the candidates. Best fused score first.
 * @throws RangeError unless `sourceCount` is a whole number from 1
 */
export function weightedBoxFusion<T extends FusionCandidate>(
  candidates: readonly T[],
  { iouThreshold, sourceCount }: FusionOptions,
): FusedBox<T>[] {
  if (!Number.isInteger(sourceCount) || sourceCount < 1)
    throw new RangeError(`boxes of ${sourceCount} detectors cannot be fused`);
  const byClass = new Map<string, Cluster<T>[]>();
  for (const candidate of candidates.toSorted(byScoreThenPlace)) {
    let clusters = byClass.get(candidate.className);
    if (clusters === undefined) byClass.set(candidate.className, (clusters = []));
    const cluster = bestMatch(clusters, candidate.box, iouThreshold);
    if (cluster === undefined) clusters.push({ members: [candidate], box: candidate.box });
    else {
      cluster.members.push(candidate);
      cluster.box = weightedMean(cluster.members);
    }
  }
  const fused = [...byClass].flatMap(([className, clusters]) =>
    clusters.map(({ box, members }) => ({ className, box, members, score: fusedScore(members, sourceCount) })),
  );
  return fused.sort((a, b) => b.score - a.score || byScoreThenPlace(a.members[0], b.members[0]));
}

function bestMatch<T extends FusionCandidate>(
  clusters: readonly Cluster<T>[],
  box: Box,
  iouThreshold: number,
): Cluster<T> | undefined {
  let best: Cluster<T> | undefined;
  let bestIou = iouThreshold;
  for (const cluster of clusters) {
    const overlap = iou(cluster.box, box);
    if (overlap <= bestIou) continue;
    best = cluster;
    bestIou = overlap;
  }
  return best;
}

/** `X = Σ C_i X_i / Σ C_i`; the plain mean where all scores are 0. */
function weightedMean(members: readonly FusionCandidate[]): Box {
  const total = members.reduce((sum, { score }) => sum + score, 0);
  const mean = (coordinate: keyof Box): number =>
    members.reduce(
      (sum, { box, score }) => sum + box[coordinate] * (total > 0 ? score / total : 1 / members.length),
      0,
    );
  return { x1: mean('x1'), y1: mean('y1'), x2: mean('x2'), y2: mean('y2') };
}

/** `C = (Σ C_i / T) · min(T, N) / N`. */
function fusedScore(members: readonly FusionCandidate[], sourceCount: number): number {
  const mean = members.reduce((sum, { score }) => sum + score, 0) / members.length;
  return (mean * Math.min(members.length, sourceCount)) / sourceCount;
}

/** A total order but for boxes that are equal in everything: what is fused must not hang on who spoke first. */
function byScoreThenPlace(a: FusionCandidate, b: FusionCandidate): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  if (a.className !== b.className) return a.className < b.className ? -1 : 1;
  return a.box.x1 - b.box.x1 || a.box.y1 - b.box.y1 || a.box.x2 - b.box.x2 || a.box.y2 - b.box.y2;
}
