import type { RawMessage } from '../messages/rawMessage.js';
import type { HttpOptions } from './httpReadable.js';
import type { Loss } from './losses.js';

/** A topic of a bag. The same name with two types gives two entries. */
export interface TopicInfo {
  readonly name: string;
  readonly type: string;
  /** How messages are serialised: `cdr` for ROS 2. */
  readonly serialization: string;
  /** How `definition` is written: `ros2msg`, `ros2idl`, … or empty where the bag has none. */
  readonly schemaEncoding: string;
  /** Full text of the message definition with everything it needs; empty where the bag has none. */
  readonly definition: string;
  /** Messages on it as far as the bag's index (or, without one, a scan) tells. */
  readonly count: number;
  /** YAML text of the publishers' quality of service as recorded; empty where unknown. */
  readonly offeredQosProfiles: string;
  /** `RIHS01_…` hash of the type; empty where unknown. */
  readonly typeHash: string;
}

export interface MessageFilter {
  /** Only these topics; all where left out. */
  readonly topics?: Iterable<string>;
  /** First log time, nanoseconds, inclusive. */
  readonly start?: bigint;
  /** Last log time, nanoseconds, inclusive. */
  readonly end?: bigint;
}

/** A recorded drive, open for reading. Reading takes memory independent of the bag's length. */
export interface Bag {
  readonly path: string;
  readonly storage: 'mcap' | 'sqlite3';
  readonly topics: readonly TopicInfo[];
  /** Log time of the first message, nanoseconds; 0 for an empty bag. */
  readonly startTimeNs: bigint;
  /** Log time of the last message, nanoseconds; 0 for an empty bag. */
  readonly endTimeNs: bigint;
  readonly durationNs: bigint;
  readonly messageCount: number;
  /** Names of the compressions met, for example `zstd (chunks)`; empty for none. */
  readonly compressions: readonly string[];
  /** The files that the bag is made of, absolute. */
  readonly files: readonly string[];
  /** Sizes of those that lie on no disk of this machine, bytes. */
  readonly remoteBytes: ReadonlyMap<string, number>;
  /** Metadata records (MCAP) by name; two of the same name are both listed. */
  readonly metadata: readonly MetadataRecord[];
  /**
   * What could not be read so far and why. Grows while `messages()` meets damage, so look at it after reading.
   */
  readonly losses: readonly Loss[];
  /**
   * Messages in the order of log time (equal stamps: as written). Damage is skipped and noted in `losses`; a message
   * whose stamp contradicts the file's index can come late. May be called again once the last iteration has ended.
   */
  messages(filter?: MessageFilter): AsyncIterableIterator<RawMessage>;
  close(): Promise<void>;
}

/** A named record of text pairs, as MCAP keeps it. */
export interface MetadataRecord {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Upper bounds against hostile or broken files. All in bytes. */
export interface BagLimits {
  /** Longest record (message, chunk as stored, schema) that is read; longer ones are skipped and noted. */
  readonly recordBytes: number;
  /** Largest chunk or message after decompression. */
  readonly decompressedBytes: number;
  /** Decompressed chunks held at once while chunks that overlap in time are merged. */
  readonly bufferedBytes: number;
  /** Largest file made by decompressing a whole bag file (`.db3.zstd`, `.mcap.zstd`). */
  readonly temporaryFileBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: BagLimits = {
  recordBytes: 256 * MIB,
  decompressedBytes: 256 * MIB,
  bufferedBytes: 512 * MIB,
  temporaryFileBytes: 64 * 1024 * MIB,
};

export interface OpenOptions {
  readonly limits?: Partial<BagLimits>;
  /** Where whole-file compressed bags are decompressed; the system's folder for temporary files by default. */
  readonly temporaryFolder?: string;
  /** How bags behind an address are fetched. */
  readonly http?: HttpOptions;
}

/** One file of a bag: what a storage has to offer so that several of them can be merged. */
export interface BagFile {
  readonly topics: readonly TopicInfo[];
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  readonly compressions: ReadonlySet<string>;
  readonly metadata: readonly MetadataRecord[];
  messages(filter: MessageFilter): AsyncIterableIterator<RawMessage>;
  close(): Promise<void>;
}
