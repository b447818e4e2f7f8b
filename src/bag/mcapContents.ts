import type { McapTypes } from '@mcap/core';
import type { MetadataRecord, TopicInfo } from './bag.js';
import type { FileWindow } from './fileWindow.js';

/** A stretch of an MCAP file that holds messages and is read at once: a chunk, or neighbouring records outside chunks. */
export interface Segment {
  readonly kind: 'chunk' | 'loose';
  /** Where it begins in the file, bytes, and how long it is with its record header. */
  readonly offset: number;
  readonly length: number;
  /** Log times that it covers as the file says, nanoseconds, inclusive. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** Bytes that it takes once decompressed. */
  readonly size: number;
  readonly compression: string;
  /** Channels with messages in it; undefined where only its contents can tell. */
  readonly channelIds: readonly number[] | undefined;
  /** True for what is left of a chunk that the end of the file cuts off. */
  readonly cutOff: boolean;
}

/** All definitions of messages of one file together, bytes; those over it are passed over. */
const DEFINITION_BYTES = 64 * 1024 * 1024;
/** How many metadata records, and bytes of them, are kept. */
const METADATA_RECORDS = 1000;
const METADATA_BYTES = 4 * 1024 * 1024;

/** What is known of an MCAP file's contents: definitions, counts and where the messages lie. */
export class McapContents {
  readonly schemas = new Map<number, McapTypes.Schema>();
  readonly channels = new Map<number, McapTypes.Channel>();
  readonly segments: Segment[] = [];
  readonly metadata: MetadataRecord[] = [];
  /** Messages per channel. */
  readonly counts = new Map<number, number>();
  /** The last definition that was left out, and why. */
  overLimit: string | undefined;
  #metadataBytes = 0;
  #definitionBytes = 0;
  /** The first chunk with a start time: one that is in the file twice has the same. */
  readonly #chunks = new Map<bigint, Segment>();
  readonly #channelSets = new Map<string, readonly number[]>();

  /** Takes a schema, channel or metadata record; the first of an id holds, as MCAP forbids two that differ. */
  define(record: McapTypes.TypedMcapRecord): void {
    if (record.type === 'Schema' && record.id !== 0 && !this.schemas.has(record.id)) {
      this.#definitionBytes += record.data.byteLength;
      if (this.#definitionBytes <= DEFINITION_BYTES) this.schemas.set(record.id, record);
      else
        this.overLimit = `definition of ${record.name} brings all to over ${String(DEFINITION_BYTES)} bytes, left out`;
    } else if (record.type === 'Channel' && !this.channels.has(record.id)) {
      this.channels.set(record.id, record);
    } else if (record.type === 'Metadata') {
      const pairs = [...record.metadata];
      this.#metadataBytes += pairs.reduce((sum, [key, value]) => sum + key.length + value.length, record.name.length);
      if (this.metadata.length < METADATA_RECORDS && this.#metadataBytes <= METADATA_BYTES) {
        this.metadata.push({ name: record.name, values: Object.fromEntries(pairs) });
      }
    }
  }

  /**
   * Takes a chunk unless the file repeats an earlier one byte by byte, as where a copy of a part overwrote another; returns the
   * earlier one then.
   */
  async addChunk(file: FileWindow, chunk: Segment): Promise<Segment | undefined> {
    const earlier = this.#chunks.get(chunk.startNs);
    if (!earlier) this.#chunks.set(chunk.startNs, chunk);
    else if (await isRepeated(file, earlier, chunk)) return earlier;
    this.segments.push(chunk);
    return undefined;
  }

  count(channelId: number, messages: number): void {
    this.counts.set(channelId, (this.counts.get(channelId) ?? 0) + messages);
  }

  /** One shared array per set of channels: a long bag has many thousands of segments with the same few sets. */
  channelSet(ids: Iterable<number>): readonly number[] {
    const sorted = [...ids].sort((a, b) => a - b);
    const key = sorted.join();
    const known = this.#channelSets.get(key);
    if (known) return known;
    this.#channelSets.set(key, sorted);
    return sorted;
  }

  /** Type of a channel's messages, empty where its schema is missing. */
  typeOf(channel: McapTypes.Channel): string {
    return this.schemas.get(channel.schemaId)?.name ?? '';
  }

  topics(): TopicInfo[] {
    const byKey = new Map<string, TopicInfo>();
    // Once for each schema: sixty thousand channels may share one of many megabytes.
    const decoded = new Map<McapTypes.Schema, string>();
    const definitionOf = (schema: McapTypes.Schema): string => {
      const text = decoded.get(schema) ?? new TextDecoder().decode(schema.data);
      decoded.set(schema, text);
      return text;
    };
    for (const channel of this.channels.values()) {
      const schema = this.schemas.get(channel.schemaId);
      const count = this.counts.get(channel.id) ?? 0;
      const key = JSON.stringify([channel.topic, schema?.name ?? '']);
      const known = byKey.get(key);
      byKey.set(key, {
        name: channel.topic,
        type: schema?.name ?? '',
        serialization: channel.messageEncoding,
        schemaEncoding: schema?.encoding ?? '',
        definition: schema ? definitionOf(schema) : '',
        count: (known?.count ?? 0) + count,
        offeredQosProfiles: channel.metadata.get('offered_qos_profiles') ?? '',
        typeHash: channel.metadata.get('topic_type_hash') ?? '',
      });
    }
    return [...byKey.values()];
  }
}

/** Bytes of two chunks that are compared at once. */
const COMPARED = 256 * 1024;

async function isRepeated(file: FileWindow, a: Segment, b: Segment): Promise<boolean> {
  if (a.offset === b.offset) return true;
  const length = b.cutOff || a.cutOff ? Math.min(a.length, b.length) : a.length;
  if (a.endNs !== b.endNs || a.size !== b.size || (length !== b.length && !b.cutOff && !a.cutOff)) return false;
  for (let at = 0; at < length; at += COMPARED) {
    const bytes = Math.min(COMPARED, length - at);
    const [first, second] = [await file.read(a.offset + at, bytes), await file.read(b.offset + at, bytes)];
    if (Buffer.compare(first, second) !== 0) return false;
  }
  return true;
}
