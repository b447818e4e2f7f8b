import type { Bag } from '../bag/bag.js';
import { describeLoss } from '../bag/losses.js';
import { ExpectedError } from '../errors.js';
import { bandsOf, configuredTopics } from '../perception/config.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import { assignTopics, isImageTopic } from '../perception/topicSpectra.js';
import type { Spectrum } from '../spectrum.js';

/** Topics and losses that an error names. */
const NAMED = 10;

/**
 * Which topic of a bag feeds which band.
 * @throws ExpectedError `input` where the bag has no image topic at all, `usage` as `assignTopics`
 */
export function cameraTopics(bag: Bag, config: PerceptionConfig): ReadonlyMap<Spectrum, string> {
  const available = bag.topics.map(({ name, type }) => ({ topic: name, type }));
  if (available.some(isImageTopic)) return assignTopics(available, configuredTopics(config), bandsOf(config));
  const topics = available.slice(0, NAMED).map(({ topic, type }) => `${topic} (${type})`);
  const more = available.length > NAMED ? `, and ${String(available.length - NAMED)} more` : '';
  const held = topics.length === 0 ? 'no topic that can be read' : `only ${topics.join(', ')}${more}`;
  const losses = bag.losses.slice(0, NAMED).map((loss) => `; not readable: ${describeLoss(loss)}`);
  throw new ExpectedError(
    'input',
    `${bag.path} holds no images: ${held}${losses.join('')}`,
    'record the cameras as sensor_msgs/msg/Image or CompressedImage',
  );
}

/** Image topics of a bag other than those `known`, a first few. */
export function otherImageTopics(bag: Bag, known: readonly string[]): string[] {
  const left = new Set(known);
  return bag.topics
    .map(({ name, type }) => ({ topic: name, type }))
    .filter((topic) => isImageTopic(topic) && !left.has(topic.topic))
    .slice(0, NAMED)
    .map(({ topic }) => topic);
}
