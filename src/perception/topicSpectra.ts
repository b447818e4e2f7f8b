import { ExpectedError } from '../errors.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';

/** A topic of a bag or of a running system. */
export interface TopicInfo {
  readonly topic: string;
  /** ROS type, for example `sensor_msgs/msg/Image`. */
  readonly type: string;
}

/** Words in topic names that say which band a camera sees, strongest first. */
const WORDS: Readonly<Record<Spectrum, readonly string[]>> = {
  rgb: ['rgb', 'color', 'colour', 'visible', 'vis'],
  nir: ['nir', 'nearir', 'nearinfrared'],
  mir: ['mir', 'mwir', 'midir', 'midinfrared', 'middleinfrared'],
  fir: ['fir', 'lwir', 'thermal', 'tir', 'flir', 'farir', 'farinfrared', 'longwave'],
};
/** Image topics that are no camera's picture. */
const NOT_A_CAMERA = [
  'depth',
  'disparity',
  'mask',
  'overlay',
  'annotated',
  'heatmap',
  'saliency',
  'segmentation',
  'compresseddepth',
  'theora',
];
/** Image topics that an error lists. */
const MOST_LISTED = 40;
const RAW_TYPE = 'sensor_msgs/msg/Image';
const COMPRESSED_TYPE = 'sensor_msgs/msg/CompressedImage';

/** Whether a topic carries images that can be decoded (`Image` or `CompressedImage`). */
export function isImageTopic({ type }: TopicInfo): boolean {
  return type === RAW_TYPE || type === COMPRESSED_TYPE;
}

/**
 * Which topic feeds which band. A band with a topic in `configured` takes that one; the others are guessed from the words in
 * the names of the topics that are left. Of a raw and a compressed topic of one camera the raw one is taken. A single image
 * topic whose name says nothing is taken for RGB.
 *
 * @param bands Bands to look for; those without a topic are left out of the result.
 * @throws ExpectedError (usage) where a configured topic does not exist or carries no images, where several cameras claim one
 *   band, or where no topic at all can be assigned; the message lists the image topics.
 */
export function assignTopics(
  available: readonly TopicInfo[],
  configured: Readonly<Partial<Record<Spectrum, string>>> = {},
  bands: readonly Spectrum[] = SPECTRA,
): ReadonlyMap<Spectrum, string> {
  const images = available.filter(isImageTopic);
  const assigned = new Map<Spectrum, string>();
  for (const spectrum of bands) {
    const topic = configured[spectrum];
    if (topic === undefined) continue;
    const found = available.find((candidate) => candidate.topic === topic);
    if (found === undefined || !isImageTopic(found)) {
      const why = found === undefined ? 'is not there' : `carries ${found.type}, not images`;
      throw trouble(`the ${spectrum} topic ${topic} ${why}`, images);
    }
    assigned.set(spectrum, topic);
  }
  const taken = new Set(assigned.values());
  const free = images.filter(({ topic }) => !taken.has(topic));
  for (const spectrum of bands) {
    if (assigned.has(spectrum)) continue;
    const topic = guess(free, spectrum);
    if (topic !== undefined) assigned.set(spectrum, topic);
  }
  const [only] = free;
  if (assigned.size === 0 && free.length === 1 && only !== undefined && bands.includes('rgb')) {
    assigned.set('rgb', only.topic);
  }
  if (assigned.size === 0) throw trouble('no topic could be assigned to a camera band', images);
  return assigned;
}

function guess(images: readonly TopicInfo[], spectrum: Spectrum): string | undefined {
  const cameras = images.filter(({ topic }) => {
    const words = wordsOf(topic);
    return WORDS[spectrum].some((word) => words.includes(word)) && !NOT_A_CAMERA.some((word) => words.includes(word));
  });
  const raw = cameras.filter(({ type }) => type === RAW_TYPE);
  // One camera's transports differ only in what follows the base name.
  const distinct = cameras.filter(
    ({ topic, type }) => type === RAW_TYPE || !raw.some((base) => topic.startsWith(`${base.topic}/`)),
  );
  if (distinct.length > 1) {
    const names = distinct.map(({ topic }) => topic).join(', ');
    throw trouble(`several topics look like the ${spectrum} camera: ${names}`, images);
  }
  return distinct[0]?.topic;
}

/** Lower-case words of a topic name, and each pair of neighbours joined: `/front/nearIR/image` has `nearir`. */
function wordsOf(topic: string): readonly string[] {
  const words = topic
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  return [...words, ...words.slice(1).map((word, index) => `${words[index] ?? ''}${word}`)];
}

function trouble(message: string, images: readonly TopicInfo[]): ExpectedError {
  const named = images.slice(0, MOST_LISTED).map(({ topic, type }) => `${topic} (${type})`);
  const more = images.length > MOST_LISTED ? `, and ${images.length - MOST_LISTED} more` : '';
  const list = images.length === 0 ? 'there are none' : `${named.join(', ')}${more}`;
  return new ExpectedError(
    'usage',
    `${message}; image topics: ${list}`,
    'say which topic is which band: `cameras: { rgb: { topic: /name } }` in the configuration',
  );
}
