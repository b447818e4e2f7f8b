import { bytesOf, inflate } from './dataBlocks.js';
import { PICTURES_CLASS, type FramePictures, type PackedMaps, type SetPictures } from './format.js';
import { RecentCache } from './recentCache.js';

/** One map: 8 bit, row-major, 255 = its highest value. */
export interface DetectionMap {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

/** What a pane needs besides the numbers. */
export interface DecodedFrame {
  /** Null where the report has no picture of this frame, or the browser cannot decode it. */
  readonly picture: ImageBitmap | null;
  readonly pictureIsBroken: boolean;
  /** In the order of the frame's detections. */
  readonly maps: readonly (DetectionMap | null)[];
  /** Maps of the second method and their standard errors; empty where the frame was not explained. */
  readonly explained: readonly (DetectionMap | null)[];
  readonly errors: readonly (DetectionMap | null)[];
  readonly figures: NonNullable<FramePictures['explained']>['figures'];
}

const THUMBNAIL_WIDTH = 96;

/** Decodes pictures and maps only when they are asked for, and forgets those that were not used for a while. */
export class PictureStore {
  readonly #places = new Map<number, { element: Element; line: number }>();
  readonly #lines = new RecentCache<Element, readonly string[]>(3);
  readonly #sets = new RecentCache<number, Promise<readonly DecodedFrame[]>>(16);
  readonly #thumbnails = new RecentCache<number, Promise<ImageBitmap | null>>(200);

  constructor() {
    for (const element of document.querySelectorAll(`script.${PICTURES_CLASS}`)) {
      const sets = (element.getAttribute('data-sets') ?? '').split(' ').map(Number);
      sets.forEach((set, line) => this.#places.set(set, { element, line }));
    }
  }

  /** Whether the file holds pictures or maps of set `n`. */
  has(n: number): boolean {
    return this.#places.has(n);
  }

  /** Pictures and maps of set `n` in the order of its frames; null where they were left out. */
  load(n: number): Promise<readonly DecodedFrame[]> | null {
    const row = this.#sets.get(n);
    if (row !== undefined) return row;
    const pictures = this.#read(n);
    if (pictures === null) return null;
    return this.#sets.put(n, Promise.all(pictures.frames.map(decodeFrame)));
  }

  /** A small picture of the first frame of set `n` that has one. */
  thumbnail(n: number): Promise<ImageBitmap | null> {
    const known = this.#thumbnails.get(n);
    if (known !== undefined) return known;
    const picture = this.#read(n)?.frames.find((frame) => frame.picture !== '')?.picture;
    const made = picture === undefined ? Promise.resolve(null) : decodePicture(picture, THUMBNAIL_WIDTH);
    return this.#thumbnails.put(n, made);
  }

  #read(n: number): SetPictures | null {
    const place = this.#places.get(n);
    if (place === undefined) return null;
    const { element, line } = place;
    const lines = this.#lines.get(element) ?? this.#lines.put(element, element.textContent.split('\n'));
    return JSON.parse(lines[line] ?? 'null') as SetPictures | null;
  }
}

async function decodeFrame(frame: FramePictures): Promise<DecodedFrame> {
  const picture = frame.picture === '' ? null : await decodePicture(frame.picture);
  const { explained } = frame;
  return {
    picture,
    pictureIsBroken: frame.picture !== '' && picture === null,
    maps: await unpackMaps(frame),
    explained: explained ? await unpackMaps(explained) : [],
    errors: explained ? await unpackMaps(explained.errors) : [],
    figures: explained?.figures ?? [],
  };
}

async function unpackMaps({ mapSizes, maps }: PackedMaps): Promise<(DetectionMap | null)[]> {
  const values = maps === '' ? new Uint8Array() : await inflate(maps);
  let offset = 0;
  return mapSizes.map(([width, height]) => {
    const start = offset;
    offset += width * height;
    return width === 0 ? null : { width, height, values: values.subarray(start, offset) };
  });
}

/** Which maps are shown: those of every set, those of the second method, or the standard errors of these. */
export const MAP_KINDS = ['maps', 'explained', 'errors'] as const;
export type MapKind = (typeof MAP_KINDS)[number];

async function decodePicture(base64: string, width?: number): Promise<ImageBitmap | null> {
  try {
    const file = new Blob([bytesOf(base64)]);
    return await createImageBitmap(file, width === undefined ? {} : { resizeWidth: width, resizeQuality: 'medium' });
  } catch {
    return null; // The recording's bytes are untrusted; the pane says that the picture could not be decoded.
  }
}
