import { Random } from '../../scenes/random.js';
import { area, type Box } from '../../../src/geometry/box.js';
import { groupBy } from '../../numbers/groupBy.js';
import { judgeDetections, type GroundTruth, type ScoredBox, type Verdict } from '../../numbers/detectionMatching.js';
import type { Spectrum } from '../../../src/spectrum.js';
import { bandEvidence, type BandEvidence } from './bandEvidence.js';
import { groupOf, type TrustPlan } from './plan.js';
import type { TrustDetection, TrustRecord } from './record.js';
import { TRUE_IOU } from './settings.js';
import { trackEvidence, type TrackEvidence } from './trackEvidence.js';

/** One detection with all that is known of it. */
export interface TrustSample {
  readonly network: string;
  readonly spectrum: Spectrum;
  readonly image: string;
  /** Of the picture's detections, from 0. */
  readonly index: number;
  /** See groupOf. */
  readonly group: string;
  readonly time: 'day' | 'night' | undefined;
  readonly verdict: Verdict;
  readonly detection: TrustDetection;
  /** The box's share of its picture, in (0, 1]. */
  readonly boxShare: number;
  /** Undefined where nothing can be said: see bandEvidence and trackEvidence. */
  readonly bands: BandEvidence | undefined;
  readonly track: TrackEvidence | undefined;
  /** A random number in [0, 1) that knows nothing. */
  readonly noise: number;
}

/** @param records in the plan's order, all of them */
export function trustSamples(plan: TrustPlan, records: readonly TrustRecord[]): TrustSample[] {
  const verdicts = verdictsOf(plan, records);
  const bands = bandEvidence(plan, records);
  const tracks = tracksOf(plan, records);
  return records.flatMap(({ network, spectrum, image, detections }, r) => {
    const picture = plan.pictures[r].image;
    const noise = new Random(plan.settings.seed, `noise ${network} ${image}`);
    return detections.map((detection, index): TrustSample => ({
      network,
      spectrum,
      image,
      index,
      group: groupOf(picture),
      time: picture.time,
      verdict: verdicts[r][index],
      detection,
      boxShare: area(detection.box) / (picture.width * picture.height),
      bands: bands[r][index],
      track: tracks[r][index],
      noise: noise.next(),
    }));
  });
}

/** Network by network, as COCO judges: see judgeDetections. */
function verdictsOf(plan: TrustPlan, records: readonly TrustRecord[]): Verdict[][] {
  const truth: GroundTruth[] = [];
  const found = records.map(({ detections }, image) => {
    const { network, image: picture } = plan.pictures[image];
    const { classes } = plan.networks[network].manifest;
    for (const { label, ...object } of picture.objects)
      truth.push({ ...object, image, classIndex: classes.indexOf(label) });
    return detections.map(({ className, box, score }): ScoredBox => {
      return { image, classIndex: classes.indexOf(className), box, score };
    });
  });
  const verdicts = judgeDetections(truth, found.flat(), TRUE_IOU);
  return found.map((own) => own.map((detection) => verdicts.get(detection) ?? 'ignored'));
}

/** Drive by drive, as far as the frames are numbered without a gap. */
function tracksOf(plan: TrustPlan, records: readonly TrustRecord[]): (TrackEvidence | undefined)[][] {
  const result: (TrackEvidence | undefined)[][] = records.map(({ detections }) => detections.map(() => undefined));
  const numbered = records.flatMap((record, index) => {
    const { drive, frame } = plan.pictures[index].image;
    return drive === undefined || frame === undefined ? [] : [{ record, index, drive, frame }];
  });
  const cameras = groupBy(numbered, ({ record, drive }) => JSON.stringify([record.network, drive]));
  for (const camera of cameras.values()) {
    const frames = camera.toSorted((a, b) => a.frame - b.frame);
    for (let from = 0; from < frames.length;) {
      let to = from + 1;
      while (to < frames.length && frames[to].frame === frames[to - 1].frame + 1) to++;
      const run = frames.slice(from, to);
      const boxes: readonly { className: string; score: number; box: Box }[][] = run.map(({ record }) => [
        ...record.detections,
      ]);
      trackEvidence(boxes).forEach((evidence, i) => (result[run[i].index] = evidence));
      from = to;
    }
  }
  return result;
}
