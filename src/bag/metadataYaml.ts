import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { ExpectedError } from '../errors.js';

const nanoseconds = z.union([z.bigint(), z.int().transform(BigInt)]);
const whole = z.union([z.bigint(), z.int()]).transform(Number);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const schema = z.object({
  rosbag2_bagfile_information: z.object({
    version: whole,
    storage_identifier: z.string(),
    relative_file_paths: z.array(z.string().min(1)).max(100_000),
    duration: z.object({ nanoseconds }).optional(),
    starting_time: z.object({ nanoseconds_since_epoch: nanoseconds }).optional(),
    message_count: whole.optional(),
    compression_format: text,
    compression_mode: text,
  }),
});

/** The part of rosbag2's `metadata.yaml` that reading needs. */
export interface BagMetadata {
  readonly storage: string;
  /** As written in the file, not checked against the folder. */
  readonly relativeFilePaths: readonly string[];
  readonly compressionFormat: string;
  /** `NONE`, `FILE` or `MESSAGE` (any case), or empty. */
  readonly compressionMode: string;
}

/** Largest metadata.yaml that is read; a hundred thousand split files fit. */
export const METADATA_YAML_BYTES = 32 * 1024 * 1024;

/** @throws ExpectedError `input` that names the offending field */
export function parseMetadataYaml(yaml: string, file: string): BagMetadata {
  const remedy =
    'have it rebuilt with `ros2 bag reindex`, or remove it: the bag files in the folder are then read as they are';
  let value: unknown;
  try {
    value = parse(yaml, { intAsBigInt: true, maxAliasCount: 100 });
  } catch (error) {
    throw new ExpectedError('input', `${file} is no valid YAML: ${(error as Error).message}`, remedy, { cause: error });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new ExpectedError('input', `${file} is no rosbag2 metadata: ${z.prettifyError(result.error)}`, remedy);
  }
  const info = result.data.rosbag2_bagfile_information;
  return {
    storage: info.storage_identifier,
    relativeFilePaths: info.relative_file_paths,
    compressionFormat: info.compression_format,
    compressionMode: info.compression_mode,
  };
}

/** What a bag that we wrote holds. */
export interface WrittenBag {
  readonly file: string;
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  readonly topics: readonly {
    readonly name: string;
    readonly type: string;
    readonly serialization: string;
    readonly offeredQosProfiles: string;
    readonly typeHash: string;
    readonly count: number;
  }[];
}

/** `metadata.yaml` of an MCAP bag in rosbag2's version 5 layout, which every ROS 2 since Humble reads. */
export function formatMetadataYaml(bag: WrittenBag): string {
  const messageCount = bag.topics.reduce((sum, topic) => sum + topic.count, 0);
  const times = {
    duration: { nanoseconds: bag.endTimeNs - bag.startTimeNs },
    starting_time: { nanoseconds_since_epoch: bag.startTimeNs },
    message_count: messageCount,
  };
  const information = {
    rosbag2_bagfile_information: {
      version: 5,
      storage_identifier: 'mcap',
      ...times,
      topics_with_message_count: bag.topics.map((topic) => ({
        topic_metadata: {
          name: topic.name,
          type: topic.type,
          serialization_format: topic.serialization,
          offered_qos_profiles: topic.offeredQosProfiles,
        },
        message_count: topic.count,
      })),
      compression_format: '',
      compression_mode: '',
      relative_file_paths: [bag.file],
      files: [{ path: bag.file, ...times }],
    },
  };
  return stringify(information, { aliasDuplicateObjects: false });
}
