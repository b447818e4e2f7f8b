import { encode } from 'fast-png';
import type { ReportDetection, ReportFrame, ReportFrameSet, ReportMap } from '../../src/report/reportInput.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';

const START_NS = 1_763_900_000_000_000_000n;
const SIZES: Readonly<Record<Spectrum, readonly [number, number]>> = {
  rgb: [320, 240],
  nir: [160, 128],
  mir: [160, 128],
  fir: [320, 240],
};
const CLASS_NAMES = ['Person', 'car', 'bike', 'color_cone', 'animal'];

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface DriveOptions {
  readonly sets: number;
  /** Width and height are divided by this; larger means smaller pictures. */
  readonly shrink?: number;
  readonly classNames?: readonly string[];
  readonly topicOf?: (spectrum: Spectrum) => string;
}

/** A long drive made of a short one, over and over, with stamps that go on: much cheaper than drawing every set. */
export function* repeatedDrive(options: DriveOptions, times: number): Generator<ReportFrameSet> {
  const drawn = [...syntheticDrive(options)];
  for (let index = 0; index < drawn.length * times; index++) {
    const set = drawn[index % drawn.length];
    if (set !== undefined) yield { ...set, index: 1000 + index, stampNs: START_NS + BigInt(index) * 100_000_000n };
  }
}

/** Frame sets of a drawn street at 10 Hz: things move, warm ones glow in the far infrared, some sets are partial. */
export function* syntheticDrive(options: DriveOptions): Generator<ReportFrameSet> {
  const { sets, shrink = 1, classNames = CLASS_NAMES, topicOf = (name) => `/camera/${name}/image_raw` } = options;
  const random = seeded(7);
  const things = classNames.map((className, index) => ({
    className,
    x: random(),
    y: 0.45 + 0.25 * random(),
    size: 0.1 + 0.1 * random(),
    speed: 0.004 + 0.008 * random(),
    warmth: index % 2 === 0 ? 0.95 : 0.45,
  }));
  for (let index = 0; index < sets; index++) {
    const isPartial = index % 17 === 11;
    const night = 0.5 + 0.5 * Math.cos((index / sets) * Math.PI);
    for (const thing of things) thing.x = (thing.x + thing.speed) % 1;
    const frames = SPECTRA.filter((name) => !(isPartial && name === 'mir')).map((spectrum): ReportFrame => {
      const width = Math.round(SIZES[spectrum][0] / shrink);
      const height = Math.round(SIZES[spectrum][1] / shrink);
      const isWarmth = spectrum === 'mir' || spectrum === 'fir';
      const light = isWarmth ? 0.9 : 0.15 + 0.85 * night;
      const boxes = things.map(({ x, y, size, className, warmth }) => ({
        className,
        level: isWarmth ? warmth : 0.75,
        box: {
          x1: (x - size / 2) * width,
          y1: (y - size) * height,
          x2: (x + size / 2) * width,
          y2: y * height,
        },
      }));
      const detections = boxes.flatMap(({ className, level, box }): ReportDetection[] => {
        const score = Math.min(0.98, level * light * (0.7 + 0.3 * random()));
        if (score < 0.25) return [];
        const map = bumpMap(width, height, box, random);
        const energyInBox = energyInside(map, width, height, box);
        const share = ((box.x2 - box.x1) * (box.y2 - box.y1)) / (width * height);
        const attention = { energyInBox, energyGain: energyInBox / share, peakInBox: random() < 0.8 };
        return [{ className, score, box, level: 3 + Math.floor(random() * 4), attention, map }];
      });
      return {
        spectrum,
        topic: topicOf(spectrum),
        width,
        height,
        picture: drawPicture(spectrum, width, height, light, boxes),
        detections,
      };
    });
    yield {
      index: 1000 + index,
      stampNs: START_NS + BigInt(index) * 100_000_000n,
      frames,
      partial: isPartial,
      dropped: index % 23 === 5 ? 2 : 0,
      latencyMs: {
        decode: 3 + 2 * random(),
        inference: 41 + 12 * random() + (index % 50 === 30 ? 60 : 0),
        explain: 0.4 + 0.3 * random(),
        encode: 6 + 3 * random(),
      },
    };
  }
}

interface DrawnThing {
  readonly box: ReportDetection['box'];
  readonly level: number;
}

function drawPicture(
  spectrum: Spectrum,
  width: number,
  height: number,
  light: number,
  things: readonly DrawnThing[],
): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  const horizon = height * 0.42;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sky = y < horizon;
      const base = sky ? 0.75 - (0.3 * y) / horizon : 0.3 + 0.15 * ((y - horizon) / (height - horizon));
      const mark = !sky && Math.abs(x - width / 2) < (y - horizon) * 0.04 && Math.floor(y / 12) % 2 === 0 ? 0.3 : 0;
      const tint = spectrum === 'rgb' ? (sky ? [0.75, 0.9, 1.1] : [1, 1, 0.95]) : [1, 1, 1];
      const value = spectrum === 'fir' ? (sky ? 0.08 : 0.25) : (base + mark) * light;
      tint.forEach((factor, channel) => {
        data[(y * width + x) * 3 + channel] = Math.min(255, Math.round(value * factor * 255));
      });
    }
  }
  for (const { box, level } of things) {
    const tint = spectrum === 'rgb' ? [0.9, 0.45, 0.35] : [1, 1, 1];
    for (let y = Math.max(0, Math.floor(box.y1)); y < Math.min(height, box.y2); y++) {
      for (let x = Math.max(0, Math.floor(box.x1)); x < Math.min(width, box.x2); x++) {
        const along = (x - box.x1) / (box.x2 - box.x1) - 0.5;
        const down = (y - box.y1) / (box.y2 - box.y1) - 0.5;
        if (along * along + down * down > 0.25) continue;
        tint.forEach((factor, channel) => {
          data[(y * width + x) * 3 + channel] = Math.round(255 * Math.min(1, level * light * factor));
        });
      }
    }
  }
  return encode({ width, height, data, channels: 3, depth: 8 });
}

/** A map that peaks near the middle of `box`, with a weaker spot somewhere else. */
function bumpMap(width: number, height: number, box: ReportDetection['box'], random: () => number): ReportMap {
  const [columns, rows] = [40, 30];
  const values = new Float32Array(columns * rows);
  const spots = [
    { x: (box.x1 + box.x2) / 2 / width, y: (box.y1 + box.y2) / 2 / height, spread: 0.06, height: 3.2 },
    { x: random(), y: 0.4 + 0.5 * random(), spread: 0.04, height: 1.1 },
  ];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = [(column + 0.5) / columns, (row + 0.5) / rows];
      values[row * columns + column] = spots.reduce((sum, spot) => {
        const distance = (x - spot.x) ** 2 + (y - spot.y) ** 2;
        return sum + spot.height * Math.exp(-distance / (2 * spot.spread ** 2));
      }, 0);
    }
  }
  return { width: columns, height: rows, values };
}

function energyInside(map: ReportMap, width: number, height: number, box: ReportDetection['box']): number {
  let inside = 0;
  let all = 0;
  map.values.forEach((value, index) => {
    const x = (((index % map.width) + 0.5) / map.width) * width;
    const y = ((Math.floor(index / map.width) + 0.5) / map.height) * height;
    all += value;
    if (x >= box.x1 && x <= box.x2 && y >= box.y1 && y <= box.y2) inside += value;
  });
  return all > 0 ? inside / all : 0;
}
