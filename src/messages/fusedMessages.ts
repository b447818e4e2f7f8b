import type { Header } from './decode.js';
import { type DetectionRecord, toRosHeader } from './outputMessages.js';

/** Message type that says which bands support each fused box. */
export const FUSED_TYPE = 'multispectral_saliency/msg/FusedDetections';

/** Detections of several bands in one view; see `msg/FusedDetections.msg`. */
export interface FusedRecord {
  readonly reference: string;
  readonly spectra: readonly string[];
  readonly unregistered: number;
  readonly detections: readonly (DetectionRecord & {
    readonly members: readonly (Omit<DetectionRecord, 'className'> & {
      readonly spectrum: string;
      readonly index: number;
    })[];
    readonly supporting: readonly string[];
    readonly silent: readonly string[];
    readonly agreement: number | undefined;
  })[];
}

/** One band's share in the score of a fused detection. */
interface ContributionRecord {
  readonly shapley: number;
  readonly leaveOneOut: number;
}

/**
 * `multispectral_saliency/msg/FusedDetections`.
 * @param contributions of each detection, a value for each of `spectra`
 */
export function toFusedDetections(
  header: Header,
  { reference, spectra, unregistered, detections }: FusedRecord,
  contributions: readonly (readonly ContributionRecord[])[],
): unknown {
  return {
    header: toRosHeader(header),
    reference,
    spectra,
    unregistered,
    detections: detections.map(({ className, score, box, members, supporting, silent, agreement }, i) => ({
      class_name: className,
      score,
      ...corners(box),
      members: members.map(({ spectrum, index, score: own, box: ownBox }) => ({
        spectrum,
        index,
        score: own,
        ...corners(ownBox),
      })),
      supporting,
      silent,
      shapley: contributions[i].map(({ shapley }) => shapley),
      leave_one_out: contributions[i].map(({ leaveOneOut }) => leaveOneOut),
      agreement: agreement ?? NaN,
    })),
  };
}

function corners({ x1, y1, x2, y2 }: DetectionRecord['box']): object {
  return { x_min: x1, y_min: y1, x_max: x2, y_max: y2 };
}
