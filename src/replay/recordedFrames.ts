import type { Bag, TopicInfo } from '../bag/bag.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { decodeFrame } from '../bag/frames.js';
import { ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';

/** What becomes of the messages of a bag besides the frames. */
export interface RecordedFramesHooks {
  /** Takes every message of the bag, images included, before anything else is done with it. */
  readonly onMessage: (message: RawMessage, topic: TopicInfo) => Promise<void>;
  /** Told of an image message that cannot be taken apart; reading goes on. */
  readonly onBadMessage: (message: RawMessage, spectrum: Spectrum, error: ExpectedError) => void;
}

/**
 * The frames of a recorded drive, in the order of log time, one at a time.
 * @param topics which topic is which band
 * @param signal ends the frames early, without an error
 */
export async function* recordedFrames(
  bag: Bag,
  topics: ReadonlyMap<Spectrum, string>,
  hooks: RecordedFramesHooks,
  signal?: AbortSignal,
): AsyncGenerator<Frame, void, undefined> {
  const spectrumOf = new Map([...topics].map(([spectrum, topic]) => [topic, spectrum]));
  const infoOf = new Map(bag.topics.map((topic) => [`${topic.name}\n${topic.type}`, topic]));
  for await (const message of bag.messages()) {
    if (signal?.aborted === true) return;
    const topic = infoOf.get(`${message.topic}\n${message.type}`);
    // A topic that only a damaged part of the file announces.
    if (topic === undefined) continue;
    await hooks.onMessage(message, topic);
    const spectrum = spectrumOf.get(message.topic);
    if (spectrum === undefined) continue;
    let frame: Frame;
    try {
      frame = decodeFrame(message, spectrum, topic.definition);
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      hooks.onBadMessage(message, spectrum, error);
      continue;
    }
    yield frame;
  }
}
