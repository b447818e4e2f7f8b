import { ExpectedError } from '../errors.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import type { TopicInfo } from './bag.js';
import { isImageType } from './frames.js';

/** Which topic carries which spectrum. */
export type SpectrumTopics = Partial<Record<Spectrum, string>>;

/** Words in topic names that stand for a band; the longest that occurs wins (`nir` before `ir`). */
const SYNONYMS: Readonly<Record<Spectrum, readonly string[]>> = {
  rgb: ['rgb', 'bgr', 'color', 'colour', 'visible', 'vis', 'eo', 'daylight'],
  nir: ['nir', 'near_infrared', 'nearinfrared', 'near_ir', 'swir', 'short_wave_infrared'],
  mir: ['mir', 'mwir', 'mid_infrared', 'midinfrared', 'mid_ir', 'middle_infrared', 'mid_wave_infrared'],
  fir: [
    'fir',
    'lwir',
    'far_infrared',
    'farinfrared',
    'far_ir',
    'long_wave_infrared',
    'thermal',
    'thermo',
    'flir',
    'boson',
    'lepton',
    'tir',
  ],
};

/** Plain infrared says too little: it means any band that no other topic claims. */
const PLAIN_INFRARED = ['ir', 'infrared', 'infra'];

/** Parts of names that say nothing about the band; topics with `preview`, `mask` and such are not camera pictures. */
const NO_CAMERA = [
  'mask',
  'label',
  'labels',
  'segmentation',
  'depth',
  'disparity',
  'overlay',
  'debug',
  'annotated',
  'heatmap',
];

const REMEDY =
  'say which topic is which, for example `--topic rgb=/camera/color/image_raw --topic fir=/thermal/image_raw`';

/**
 * Guesses from names and types which image topic carries which spectrum. Where a camera publishes the same picture raw
 * and compressed, the raw topic is taken; of two otherwise alike, the one with `rect` is left aside.
 * @param topics of a bag or of the running system
 * @param configured what is known already; each entry must be an image topic, and no guess is made for its spectrum
 * @throws ExpectedError `input` that lists the image topics where nothing fits or several do
 */
export function guessSpectra(
  topics: readonly Pick<TopicInfo, 'name' | 'type'>[],
  configured: SpectrumTopics = {},
): SpectrumTopics {
  const images = topics.filter(({ type }) => isImageType(type)).map(({ name }) => name);
  const listed = images.length > 0 ? `image topics are: ${images.join(', ')}` : 'there is no image topic';
  const found: SpectrumTopics = {};
  for (const spectrum of SPECTRA) {
    const topic = configured[spectrum];
    if (topic === undefined) continue;
    if (!images.includes(topic)) {
      const known = topics.find(({ name }) => name === topic);
      const why = known ? `is a ${known.type}, not an image` : 'is not there';
      throw new ExpectedError('input', `topic ${topic} for ${spectrum} ${why}; ${listed}`, REMEDY);
    }
    found[spectrum] = topic;
  }
  const open = SPECTRA.filter((spectrum) => found[spectrum] === undefined);
  const free = images.filter((name) => !Object.values(found).includes(name) && isCamera(name));
  for (const spectrum of open) {
    const candidates = prefer(free.filter((name) => bandOf(name) === spectrum));
    if (candidates.length > 1) throw ambiguous(spectrum, candidates, listed);
    if (candidates[0] !== undefined) found[spectrum] = candidates[0];
  }
  guessLeftOvers(found, free, Object.keys(configured).length > 0, listed);
  if (Object.keys(found).length === 0) {
    throw new ExpectedError('input', `cannot tell which topics carry rgb, nir, mir or fir pictures; ${listed}`, REMEDY);
  }
  return found;
}

/** A single topic of plain `ir` is the thermal camera; a single unnamed camera is the visible one. */
function guessLeftOvers(found: SpectrumTopics, free: readonly string[], configured: boolean, listed: string): void {
  const left = free.filter((name) => bandOf(name) === undefined && !Object.values(found).includes(name));
  const infrared = prefer(left.filter((name) => wordsOf(name).some((word) => PLAIN_INFRARED.includes(word))));
  if (infrared.length > 1 && found.fir === undefined) throw ambiguous('fir', infrared, listed);
  if (infrared[0] !== undefined && found.fir === undefined) found.fir = infrared[0];
  const unnamed = prefer(left.filter((name) => !wordsOf(name).some((word) => PLAIN_INFRARED.includes(word))));
  if (found.rgb !== undefined || configured) return;
  if (unnamed.length === 1) found.rgb = unnamed[0];
  if (unnamed.length > 1 && Object.keys(found).length === 0) throw ambiguous('rgb', unnamed, listed);
}

function ambiguous(spectrum: Spectrum, candidates: readonly string[], listed: string): ExpectedError {
  return new ExpectedError('input', `several topics may be ${spectrum}: ${candidates.join(', ')}; ${listed}`, REMEDY);
}

/** The band that a name's words stand for; undefined for none or for a contradiction. */
function bandOf(name: string): Spectrum | undefined {
  const joined = `_${wordsOf(name).join('_')}_`;
  const hits = SPECTRA.filter((spectrum) => SYNONYMS[spectrum].some((word) => joined.includes(`_${word}_`)));
  return hits.length === 1 ? hits[0] : undefined;
}

/** `/FrontCamera/near-IR2/image_raw` → front, camera, near, ir, image, raw. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
}

function isCamera(name: string): boolean {
  return !wordsOf(name).some((word) => NO_CAMERA.includes(word));
}

/** Drops what is the same camera's picture in a worse form, as long as something is left. */
function prefer(names: readonly string[]): string[] {
  let left = [...names];
  const drops: ((name: string) => boolean)[] = [
    (name) => /\/compressedDepth$|\/theora$/.test(name),
    (name) => name.endsWith('/compressed') && left.includes(name.slice(0, -'/compressed'.length)),
    (name) => /rect|mono/.test(name) && left.some((other) => other !== name && stripped(other) === stripped(name)),
  ];
  for (const drop of drops) {
    const kept = left.filter((name) => !drop(name));
    if (kept.length > 0) left = kept;
  }
  return left;
}

/** A camera's namespace: the name without its last part that says how the picture was processed. */
function stripped(name: string): string {
  return name.replace(/\/compressed$/, '').replace(/\/[^/]*$/, '');
}
