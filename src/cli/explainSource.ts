import { stat } from 'node:fs/promises';
import type { Bag } from '../bag/bag.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { decodeFrame } from '../bag/frames.js';
import { openBag } from '../bag/openBag.js';
import { ExpectedError } from '../errors.js';
import { isFrameLogFile, readLoggedSet } from '../frameLog/loggedFrames.js';
import type { FrameToExplain } from '../explain/frame/prepareFrame.js';
import type { Frame } from '../images/frame.js';
import { configuredTopics } from '../perception/config.js';
import { assignTopics } from '../perception/topicSpectra.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import { readImageFrame } from './imageFile.js';

/** Which image somebody means. */
export interface SourceWish {
  /** Image file, bag, or file of a frame log. */
  readonly file: string;
  /** `undefined`: RGB where there is such an image, else the first band that there is. */
  readonly spectrum: Spectrum | undefined;
  /** Of a bag: number of the band's image, from 0. */
  readonly frame: number | undefined;
  /** Of a bag: seconds since its first message, or a stamp in seconds since the epoch; the image nearest to it is meant. */
  readonly at: number | undefined;
  /** Of a bag: how many images, the one that is meant and those before it. */
  readonly window: number;
}

/** The image that is meant. */
export interface FoundFrame extends FrameToExplain {
  /** As many of the band's images before it as were wished for and there are, oldest first. */
  readonly before: readonly Frame[];
}

/** Seconds since the epoch in 1973: no bag is as long. */
const EPOCH_SECONDS = 1e8;
const IMAGE_FILE = /\.(png|jpe?g)$/i;

/**
 * Finds the image.
 * @throws ExpectedError `input` where there is none, `usage` where it cannot be told which one is meant
 */
export async function findFrame(wish: SourceWish, config: PerceptionConfig): Promise<FoundFrame> {
  if (IMAGE_FILE.test(wish.file)) return { frame: await imageFile(wish), before: [] };
  const bag = await openBag(wish.file);
  try {
    if (isFrameLogFile(bag.topics) && (await stat(wish.file)).isFile()) return await loggedFrame(wish);
    return await recordedFrame(bag, wish, config);
  } finally {
    await bag.close();
  }
}

async function imageFile(wish: SourceWish): Promise<Frame> {
  const { file, spectrum = 'rgb', frame, at } = wish;
  refuseWindow(wish, 'one image');
  if (frame !== undefined || at !== undefined)
    throw new ExpectedError('usage', `${file} is one image`, 'leave --frame and --at out; they choose from a bag');
  try {
    return await readImageFrame(file, spectrum, 0n);
  } catch (error) {
    throw new ExpectedError('input', `cannot read ${file}: ${(error as Error).message}`, 'give a JPEG or PNG file', {
      cause: error,
    });
  }
}

async function loggedFrame(wish: SourceWish): Promise<FoundFrame> {
  const { file, spectrum, frame, at } = wish;
  refuseWindow(wish, 'a file of a frame log: one moment');
  if (frame !== undefined || at !== undefined)
    throw new ExpectedError(
      'usage',
      `${file} is a file of a frame log: one moment`,
      'leave --frame and --at out, and choose the band with --spectrum',
    );
  const { frames } = await readLoggedSet(file);
  const bands = frames.map((logged) => logged.frame.spectrum);
  const band = chooseBand(spectrum, bands, file);
  const logged = frames.find((candidate) => candidate.frame.spectrum === band);
  if (logged === undefined) throw new Error('unreachable: the band was chosen among the frames');
  return { frame: logged.frame, logged, before: [] };
}

function refuseWindow({ file, window }: SourceWish, what: string): void {
  if (window === 1) return;
  throw new ExpectedError('usage', `${file} is ${what}`, 'leave --window out; it takes images of a bag');
}

async function recordedFrame(bag: Bag, wish: SourceWish, config: PerceptionConfig): Promise<FoundFrame> {
  const { frame: number, at, file, window } = wish;
  if (number !== undefined && at !== undefined)
    throw new ExpectedError('usage', '--frame and --at were both given', 'give one of them');
  const available = bag.topics.map(({ name, type }) => ({ topic: name, type }));
  const topics = assignTopics(available, configuredTopics(config));
  const spectrum = chooseBand(wish.spectrum, [...topics.keys()], file);
  const topic = topics.get(spectrum) ?? '';
  const definition = bag.topics.find(({ name }) => name === topic)?.definition ?? '';
  const decode = (message: RawMessage): Frame => decodeFrame(message, spectrum, definition);
  const found =
    at === undefined
      ? await numbered(bag, topic, number ?? 0, decode)
      : await nearest(bag, topic, at < EPOCH_SECONDS ? bag.startTimeNs + seconds(at) : seconds(at), decode);
  if (found) return { frame: found, before: await imagesBefore(bag, topic, found, window - 1, decode) };
  throw new ExpectedError(
    'input',
    `${file} has no image ${at === undefined ? `number ${number ?? 0}` : `near ${at} s`} on ${topic}`,
    `msal info ${file} says how many there are and when`,
  );
}

async function numbered(
  bag: Bag,
  topic: string,
  number: number,
  decode: (message: RawMessage) => Frame,
): Promise<Frame | undefined> {
  let index = 0;
  for await (const message of bag.messages({ topics: [topic] })) if (index++ === number) return decode(message);
  return undefined;
}

/** The last `count` images before one, oldest first. */
async function imagesBefore(
  bag: Bag,
  topic: string,
  { stampNs, receivedNs }: Frame,
  count: number,
  decode: (message: RawMessage) => Frame,
): Promise<Frame[]> {
  if (count === 0) return [];
  const last: Frame[] = [];
  for await (const message of bag.messages({ topics: [topic], end: receivedNs + 1n })) {
    const frame = decode(message);
    if (frame.stampNs >= stampNs) continue;
    last.push(frame);
    if (last.length > count) last.shift();
  }
  return last;
}

/** How far the recorder may have been behind the camera. */
const LATE_NS = 5_000_000_000n;

/** By the stamp of the image, which is when it was taken. */
async function nearest(
  bag: Bag,
  topic: string,
  targetNs: bigint,
  decode: (message: RawMessage) => Frame,
): Promise<Frame | undefined> {
  let best: { frame: Frame; distance: bigint } | undefined;
  for await (const message of bag.messages({ topics: [topic], start: targetNs - LATE_NS, end: targetNs + LATE_NS })) {
    const frame = decode(message);
    const distance = frame.stampNs < targetNs ? targetNs - frame.stampNs : frame.stampNs - targetNs;
    if (best === undefined || distance < best.distance) best = { frame, distance };
  }
  return best?.frame;
}

function chooseBand(wanted: Spectrum | undefined, available: readonly Spectrum[], file: string): Spectrum {
  const [first] = SPECTRA.filter((band) => available.includes(band));
  if (wanted === undefined && first !== undefined) return first;
  if (wanted !== undefined && available.includes(wanted)) return wanted;
  throw new ExpectedError(
    'usage',
    `${file} has no image of the band ${wanted ?? 'rgb'}`,
    `choose one of ${available.join(', ')} with --spectrum`,
  );
}

function seconds(value: number): bigint {
  return BigInt(Math.round(value * 1e9));
}
