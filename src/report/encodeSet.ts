import { deflateRawSync } from 'node:zlib';
import { SPECTRA } from '../spectrum.js';
import type { DetectionRow, FramePictures, FrameRow, PackedMaps, SetPictures, SetRow } from './page/format.js';
import { encodeFused, encodeStep, round } from './encodeWholeSet.js';
import { quantiseMap } from './quantiseMap.js';
import type { ReportDetection, ReportFrame, ReportFrameSet, ReportMap } from './reportInput.js';

/** Gives every distinct text a small number, in order of first use. */
export class Names {
  readonly #indices = new Map<string, number>();

  indexOf(name: string): number {
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    const index = this.#indices.size;
    this.#indices.set(name, index);
    return index;
  }

  get list(): string[] {
    return [...this.#indices.keys()];
  }
}

/** The lists that rows refer to. */
export interface NameLists {
  readonly classes: Names;
  readonly topics: Names;
  readonly stages: Names;
}

/**
 * The numbers of a set, rounded to what is worth reading: 0.1 px, 4 digits of a score, a microsecond.
 * @param ordinal position in the report
 * @param startNs stamp of the first set
 */
export function encodeNumbers(set: ReportFrameSet, ordinal: number, startNs: bigint, names: NameLists): SetRow {
  for (const stage of Object.keys(set.latencyMs ?? {})) names.stages.indexOf(stage);
  return {
    n: ordinal,
    i: set.index,
    t: millisecondsSince(startNs, set.stampNs),
    p: set.partial === true ? 1 : 0,
    d: set.dropped ?? 0,
    x: set.frames.some(({ detections }) => detections.some(({ explanation }) => explanation)) ? 1 : 0,
    l: names.stages.list.map((stage) => round(set.latencyMs?.[stage], 1000)),
    f: set.frames.map((frame): FrameRow => [
      SPECTRA.indexOf(frame.spectrum),
      names.topics.indexOf(frame.topic),
      frame.width,
      frame.height,
      frame.detections.map((detection) => encodeDetection(detection, names.classes)),
    ]),
    ...(set.tracks && { k: set.tracks.map((steps) => steps.map(encodeStep)) }),
    ...(set.fused && { u: encodeFused(set.fused, (name) => names.classes.indexOf(name)) }),
  };
}

function encodeDetection({ className, score, box, level, attention }: ReportDetection, classes: Names): DetectionRow {
  return [
    classes.indexOf(className),
    round(score, 10_000),
    round(box.x1, 10),
    round(box.y1, 10),
    round(box.x2, 10),
    round(box.y2, 10),
    round(level, 1),
    round(attention?.energyInBox, 10_000),
    round(attention?.energyGain, 1000),
    attention === undefined ? null : attention.peakInBox ? 1 : 0,
  ];
}

/** Pictures and maps of a set; null where it has neither. */
export function encodePictures(set: ReportFrameSet, ordinal: number): SetPictures | null {
  const hasSome = set.frames.some(
    ({ picture, detections }) => picture !== undefined || detections.some((d) => d.map ?? d.explanation),
  );
  return hasSome ? { n: ordinal, frames: set.frames.map(encodeFramePictures) } : null;
}

function encodeFramePictures({ picture, detections }: ReportFrame): FramePictures {
  const isExplained = detections.some(({ explanation }) => explanation !== undefined);
  return {
    picture: picture === undefined ? '' : base64(picture),
    ...packMaps(detections.map(({ map }) => map)),
    ...(isExplained && {
      explained: {
        ...packMaps(detections.map(({ explanation }) => explanation?.map)),
        errors: packMaps(detections.map(({ explanation }) => explanation?.standardError)),
        figures: detections
          .map(
            ({ explanation }) =>
              explanation && ([explanation.lost, explanation.passes, round(explanation.energyInBox, 10_000)] as const),
          )
          .map((figures) => figures ?? null),
      },
    }),
  };
}

function packMaps(maps: readonly (ReportMap | undefined)[]): PackedMaps {
  const quantised = maps.map((map) => (map === undefined ? null : quantiseMap(map)));
  const values = Buffer.concat(quantised.map((map) => map?.values ?? new Uint8Array()));
  return {
    mapSizes: quantised.map((map) => [map?.width ?? 0, map?.height ?? 0] as const),
    maps: values.length === 0 ? '' : deflateRawSync(values).toString('base64'),
  };
}

/** Milliseconds from `startNs` to `stampNs`, to the microsecond. */
export function millisecondsSince(startNs: bigint, stampNs: bigint): number {
  return Number((stampNs - startNs) / 1000n) / 1000;
}

/** JSON that cannot end or open an element when it stands inside a script element. */
export function inertJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
