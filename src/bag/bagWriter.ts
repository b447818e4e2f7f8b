import { McapWriter } from '@mcap/core';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../files/atomicWrite.js';
import { ExpectedError } from '../errors.js';
import { outputError } from '../outputError.js';
import type { TopicInfo } from './bag.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { compressorsReady, compressZstd } from './compression.js';
import { standardDefinition } from '../messages/definitions.js';
import { messageSerializer } from '../messages/messageSerializer.js';
import { formatMetadataYaml } from './metadataYaml.js';
import { OutputFile } from './outputFile.js';
import { DETECTION_2D_ARRAY_HASH } from '../messages/visionMsgs.js';

export interface WriterOptions {
  /** How chunks are compressed; zstd by default. A chunk that would not shrink is stored as it is. */
  readonly compression?: 'zstd' | 'none';
  /** zstd level, 1 (fast, the default) to 19 (small). */
  readonly level?: number;
  /** A chunk is written once it holds so many bytes, 1 MiB by default: the most that a killed program loses. */
  readonly chunkBytes?: number;
  /** Whether an existing file (or bag folder) may be replaced; false by default. */
  readonly overwrite?: boolean;
}

/** A topic to be written. */
export type OutputTopic = Pick<TopicInfo, 'name' | 'type'> & Partial<Omit<TopicInfo, 'name' | 'type' | 'count'>>;

/** Reliable, keep last 10: what a default ROS 2 publisher offers, as rosbag2 writes it. */
const DEFAULT_QOS = `- history: 1
  depth: 10
  reliability: 1
  durability: 2
  deadline:
    sec: 9223372036
    nsec: 854775807
  lifespan:
    sec: 9223372036
    nsec: 854775807
  liveliness: 1
  liveliness_lease_duration:
    sec: 9223372036
    nsec: 854775807
  avoid_ros_namespace_conventions: false`;

interface OpenTopic {
  readonly topic: Required<Omit<TopicInfo, 'count'>>;
  readonly channelId: number;
  readonly encode: ((message: unknown) => Uint8Array) | undefined;
  count: number;
}

/**
 * Writes a rosbag2 recording in MCAP: profile `ros2`, definitions included, chunked, indexed, with a summary. A path that
 * ends in `.mcap` gives the bare file, any other a bag folder with `metadata.yaml`.
 *
 * Calls may overlap: they are carried out one after the other, and each resolves once its data are with the system, so
 * awaiting them bounds the memory. The file has its final name from the start; should the program be killed, everything
 * but the last chunk can be read.
 */
export class BagWriter {
  readonly #topics = new Map<string, OpenTopic>();
  readonly #schemas = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();
  #failure: unknown;
  #closed = false;
  #startNs: bigint | undefined;
  #endNs = 0n;
  /** What was asked for. */
  readonly path: string;
  /** The MCAP file. */
  readonly file: string;
  readonly output: OutputFile;
  readonly mcap: McapWriter;
  readonly withMetadata: boolean;

  private constructor(path: string, file: string, output: OutputFile, mcap: McapWriter, withMetadata: boolean) {
    this.path = path;
    this.file = file;
    this.output = output;
    this.mcap = mcap;
    this.withMetadata = withMetadata;
  }

  /** @throws ExpectedError `output` where the file cannot be made */
  static async create(target: string, options: WriterOptions = {}): Promise<BagWriter> {
    await compressorsReady();
    const { compression = 'zstd', level = 1, chunkBytes = 1024 * 1024, overwrite = false } = options;
    const bare = /\.mcap$/i.test(target);
    const file = bare ? target : path.join(target, `${path.basename(path.resolve(target))}_0.mcap`);
    if (!bare) {
      await mkdir(target, { recursive: true }).catch((error: unknown) => {
        throw outputError(target, error);
      });
      // An old one would describe a file that is gone.
      if (overwrite) await rm(path.join(target, 'metadata.yaml'), { force: true });
    }
    const output = await OutputFile.create(file, overwrite);
    const mcap = new McapWriter({
      writable: output,
      chunkSize: chunkBytes,
      ...(compression === 'zstd' && { compressChunk: (data) => compressIfSmaller(data, level) }),
    });
    const writer = new BagWriter(target, file, output, mcap, !bare);
    await writer.#inTurn(() => mcap.start({ profile: 'ros2', library: 'multispectral-saliency' }));
    return writer;
  }

  /** Messages written so far. */
  get messageCount(): number {
    let sum = 0;
    for (const { count } of this.#topics.values()) sum += count;
    return sum;
  }

  /**
   * Announces a topic; needed once before messages are written to it. Definition and type hash of standard types are
   * filled in. Announcing it again with the same type does nothing.
   * @throws ExpectedError `output` where the topic is there with another type, `input` where no definition is known
   */
  async addTopic(wanted: OutputTopic): Promise<void> {
    await this.#inTurn(() => this.#open(wanted));
  }

  /** Writes a serialised message. Times in nanoseconds since the epoch. */
  async write(topic: string, logTimeNs: bigint, publishTimeNs: bigint, data: Uint8Array): Promise<void> {
    await this.#inTurn(() => this.#append(this.#topic(topic), logTimeNs, publishTimeNs, data));
  }

  /** Serialises a message (an object with the fields of its definition) and writes it. */
  async writeMessage(topic: string, logTimeNs: bigint, message: unknown): Promise<void> {
    await this.#inTurn(() => {
      const open = this.#topic(topic);
      if (!open.encode) throw new Error(`topic ${topic} has no definition to serialise by`);
      return this.#append(open, logTimeNs, logTimeNs, open.encode(message));
    });
  }

  /** Copies a message of a bag as it is: bytes, stamps, definition and quality of service. */
  async copy(message: RawMessage, topic: TopicInfo): Promise<void> {
    await this.#inTurn(async () => {
      const known = this.#topics.get(topic.name);
      // A bag may hold one topic name with two types: each is a channel of its own.
      const open =
        known && known.topic.type !== topic.type ? await this.#open(topic, true) : (known ?? (await this.#open(topic)));
      await this.#append(open, message.logTimeNs, message.publishTimeNs, message.data);
    });
  }

  /** Adds a named record of text pairs, for example the provenance of what was written. */
  async addMetadata(name: string, values: Readonly<Record<string, string>>): Promise<void> {
    await this.#inTurn(() => this.mcap.addMetadata({ name, metadata: new Map(Object.entries(values)) }));
  }

  /**
   * Ends the file with its summary, and writes `metadata.yaml` for a folder. May be called at any time and more than
   * once; after a failed write it only closes the file, which stays readable without its summary.
   * @throws ExpectedError `output` where that does not succeed
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last.catch(() => undefined);
    try {
      if (this.#failure === undefined) {
        await this.mcap.end();
        if (this.withMetadata) await this.#writeMetadata();
      }
    } finally {
      await this.output.close();
    }
  }

  /** Runs `job` when all before it are done. After a failure nothing more is written: the same error comes again. */
  async #inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error(`${this.path} is closed already`);
    const run = this.#last.then(async () => {
      if (this.#failure !== undefined) throw this.#failure as Error;
      try {
        return await job();
      } catch (error) {
        if (error instanceof ExpectedError && error.kind === 'output') this.#failure = error;
        throw error;
      }
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  #topic(name: string): OpenTopic {
    const open = this.#topics.get(name);
    if (!open) throw new Error(`topic ${name} was not announced with addTopic`);
    return open;
  }

  async #open(wanted: OutputTopic, beside = false): Promise<OpenTopic> {
    const key = beside ? `${wanted.name}\n${wanted.type}` : wanted.name;
    const known = this.#topics.get(key);
    if (known) {
      if (known.topic.type === wanted.type) return known;
      throw new Error(`topic ${wanted.name} has type ${known.topic.type}, it cannot have ${wanted.type} as well`);
    }
    const topic = {
      name: wanted.name,
      type: wanted.type,
      serialization: wanted.serialization ?? 'cdr',
      schemaEncoding: wanted.schemaEncoding || 'ros2msg',
      definition: wanted.definition || (standardDefinition(wanted.type) ?? ''),
      offeredQosProfiles: wanted.offeredQosProfiles ?? DEFAULT_QOS,
      typeHash: wanted.typeHash ?? (wanted.type === 'vision_msgs/msg/Detection2DArray' ? DETECTION_2D_ARRAY_HASH : ''),
    };
    const { name, type, definition, schemaEncoding } = topic;
    const schemaKey = JSON.stringify([type, schemaEncoding, definition]);
    let schemaId = this.#schemas.get(schemaKey);
    if (schemaId === undefined) {
      const data = new TextEncoder().encode(definition);
      schemaId = await this.mcap.registerSchema({
        name: type,
        encoding: definition === '' ? '' : schemaEncoding,
        data,
      });
      this.#schemas.set(schemaKey, schemaId);
    }
    const channelId = await this.mcap.registerChannel({
      schemaId,
      topic: name,
      messageEncoding: topic.serialization,
      metadata: new Map([
        ['offered_qos_profiles', topic.offeredQosProfiles],
        ['topic_type_hash', topic.typeHash],
      ]),
    });
    const encode = standardDefinition(type) === definition ? messageSerializer(definition) : undefined;
    const open = { topic, channelId, encode, count: 0 };
    this.#topics.set(key, open);
    return open;
  }

  async #append(open: OpenTopic, logTime: bigint, publishTime: bigint, data: Uint8Array): Promise<void> {
    await this.mcap.addMessage({ channelId: open.channelId, sequence: open.count, logTime, publishTime, data });
    open.count += 1;
    if (this.#startNs === undefined || logTime < this.#startNs) this.#startNs = logTime;
    if (logTime > this.#endNs) this.#endNs = logTime;
  }

  async #writeMetadata(): Promise<void> {
    const yaml = formatMetadataYaml({
      file: path.basename(this.file),
      startTimeNs: this.#startNs ?? 0n,
      endTimeNs: this.#endNs,
      topics: [...this.#topics.values()].map(({ topic, count }) => ({ ...topic, count })),
    });
    const target = path.join(path.dirname(this.file), 'metadata.yaml');
    await writeAtomically(target, yaml).catch((error: unknown) => {
      throw outputError(target, error);
    });
  }
}

/** A chunk of pictures that are compressed already hardly shrinks: readers are then spared the work. */
function compressIfSmaller(data: Uint8Array, level: number): { compression: string; compressedData: Uint8Array } {
  const compressed = compressZstd(data, level);
  return compressed.byteLength < data.byteLength * 0.95
    ? { compression: 'zstd', compressedData: compressed }
    : { compression: '', compressedData: data };
}
