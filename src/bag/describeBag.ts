import { openBag } from './openBag.js';
import { describeLoss } from './losses.js';
import type { OpenOptions } from './bag.js';
import { stat } from 'node:fs/promises';
import { isImageType } from './frames.js';

/** A bag's contents for people and for `--json`: only plain values. */
export interface BagDescription {
  readonly path: string;
  readonly storage: 'mcap' | 'sqlite3';
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly compressions: readonly string[];
  /** ISO 8601 with nanoseconds; null for an empty bag. */
  readonly start: string | null;
  readonly end: string | null;
  readonly seconds: number;
  readonly messages: number;
  readonly topics: readonly {
    readonly name: string;
    readonly type: string;
    readonly serialization: string;
    readonly messages: number;
    /** Messages per second over the bag's duration; null where there are fewer than two. */
    readonly rate: number | null;
    readonly isImage: boolean;
    /** Whether the bag itself says how to decode it. */
    readonly hasDefinition: boolean;
  }[];
  readonly metadata: readonly { readonly name: string; readonly values: Readonly<Record<string, string>> }[];
  readonly losses: readonly string[];
}

/**
 * Describes a bag.
 * @param thorough reads every message once, so that `losses`, counts and message compression are what reading finds
 * rather than what the index says
 * @throws ExpectedError `input` as `openBag`
 */
export async function describeBag(
  bagPath: string,
  thorough = false,
  options: OpenOptions = {},
): Promise<BagDescription> {
  const bag = await openBag(bagPath, options);
  try {
    const counted = new Map<string, number>();
    if (thorough) {
      for await (const { topic, type } of bag.messages()) {
        const key = JSON.stringify([topic, type]);
        counted.set(key, (counted.get(key) ?? 0) + 1);
      }
    }
    const seconds = Number(bag.durationNs) / 1e9;
    const topics = bag.topics.map((topic) => {
      const messages = thorough ? (counted.get(JSON.stringify([topic.name, topic.type])) ?? 0) : topic.count;
      return {
        name: topic.name,
        type: topic.type,
        serialization: topic.serialization,
        messages,
        rate: messages > 1 && seconds > 0 ? (messages - 1) / seconds : null,
        isImage: isImageType(topic.type),
        hasDefinition: topic.definition !== '',
      };
    });
    const messages = topics.reduce((sum, topic) => sum + topic.messages, 0);
    return {
      path: bag.path,
      storage: bag.storage,
      files: await Promise.all(
        bag.files.map(async (path) => ({ path, bytes: bag.remoteBytes.get(path) ?? (await stat(path)).size })),
      ),
      compressions: bag.compressions,
      start: messages > 0 ? toIso(bag.startTimeNs) : null,
      end: messages > 0 ? toIso(bag.endTimeNs) : null,
      seconds,
      messages,
      topics,
      metadata: bag.metadata,
      losses: bag.losses.map(describeLoss),
    };
  } finally {
    await bag.close();
  }
}

/** Years that JavaScript's dates reach end in 275760; what lies outside (a damaged stamp) is given as a number. */
function toIso(ns: bigint): string {
  const milliseconds = Number(ns / 1_000_000n);
  if (ns < 0n || milliseconds > 8.64e15) return `${String(ns)} ns`;
  const fraction = String(ns % 1_000_000_000n).padStart(9, '0');
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, `.${fraction}Z`);
}
