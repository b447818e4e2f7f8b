import { parse } from 'yaml';
import { z } from 'zod';

/** What a publisher of the recording offered, as far as playing it back needs it. */
export interface OfferedQos {
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'volatile' | 'transient_local';
  /** Messages kept for late or slow subscribers, 1 to 1000. */
  readonly depth: number;
}

/** What a ROS 2 publisher offers that says nothing about it. */
export const DEFAULT_OFFER: OfferedQos = { reliability: 'reliable', durability: 'volatile', depth: 10 };

/** A deeper queue would only hold what is late already; `keep all` would block the player behind its slowest listener. */
const DEEPEST = 1000;
/** Longest text that is parsed; a profile has 300 characters, a topic a few publishers. */
const LONGEST_TEXT = 100_000;

/** A policy by its number in rmw (rosbag2 before Jazzy), or by its name. */
const policy = z.union([z.int(), z.string()]).optional();
const profilesSchema = z
  .array(z.object({ history: policy, depth: z.number().optional(), reliability: policy, durability: policy }))
  .min(1);

/**
 * Reads the `offered_qos_profiles` of a recorded topic. Publishers that differed become one that offers the most of them all, which
 * whoever could hear one of them can hear too.
 * @param text YAML, as bags keep it
 * @returns undefined where the bag does not say, or not in a way that can be read
 */
export function parseOfferedQos(text: string): OfferedQos | undefined {
  if (text.trim() === '' || text.length > LONGEST_TEXT) return undefined;
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100, logLevel: 'error' });
  } catch {
    return undefined;
  }
  const result = profilesSchema.safeParse(value);
  if (!result.success) return undefined;
  const offers = result.data.map(offerOf);
  return {
    reliability: offers.some(({ reliability }) => reliability === 'reliable') ? 'reliable' : 'best_effort',
    durability: offers.some(({ durability }) => durability === 'transient_local') ? 'transient_local' : 'volatile',
    depth: Math.max(...offers.map(({ depth }) => depth)),
  };
}

function offerOf({ history, depth = 0, reliability, durability }: z.output<typeof profilesSchema>[number]): OfferedQos {
  const keepsAll = history === 2 || history === 'keep_all';
  const kept = depth >= 1 ? Math.min(DEEPEST, Math.floor(depth)) : DEFAULT_OFFER.depth;
  return {
    reliability: reliability === 2 || reliability === 'best_effort' ? 'best_effort' : 'reliable',
    durability: durability === 1 || durability === 'transient_local' ? 'transient_local' : 'volatile',
    depth: keepsAll ? DEEPEST : kept,
  };
}
