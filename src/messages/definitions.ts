import { parse, stringify } from '@foxglove/rosmsg';
import { ros2jazzy } from '@foxglove/rosmsg-msgs-common';
import { foxgloveMessageSchemas, generateRosMsgMergedSchema } from '@foxglove/schemas/internal.js';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../packageRoot.js';
import { VISION_MSGS } from './visionMsgs.js';

const SEPARATOR = '='.repeat(80);
/** Package of the messages in `msg/`. */
const OWN_PACKAGE = 'multispectral_saliency';

const merged = new Map<string, string | undefined>();

/**
 * Definition of a message with everything that it needs, in the layout that rosbag2 stores as `ros2msg`: the message's
 * own text, then each type it needs behind a line of `=` and `MSG: package/Type`.
 * Known are the common packages of ROS 2 (Jazzy), vision_msgs 4, foxglove_msgs and our own; undefined for other types.
 */
export function standardDefinition(type: string): string | undefined {
  if (!merged.has(type)) merged.set(type, mergeDefinition(type));
  return merged.get(type);
}

function mergeDefinition(type: string): string | undefined {
  const foxglove = /^foxglove_msgs\/msg\/(\w+)$/.exec(type)?.[1];
  if (foxglove !== undefined) {
    const schema = (foxgloveMessageSchemas as Record<string, (typeof foxgloveMessageSchemas)['ImageAnnotations']>)[
      foxglove
    ];
    return schema && generateRosMsgMergedSchema(schema, { rosVersion: 2 });
  }
  const own = singleDefinition(type);
  if (own === undefined) return undefined;
  const parts = [own];
  const seen = new Set([type]);
  const queue = dependencies(own, type);
  for (let needed = queue.shift(); needed !== undefined; needed = queue.shift()) {
    if (seen.has(needed)) continue;
    seen.add(needed);
    const text = singleDefinition(needed);
    if (text === undefined) throw new Error(`${type} needs ${needed}, whose definition is not known`);
    parts.push(`${SEPARATOR}\nMSG: ${shortName(needed)}\n${text}`);
    queue.push(...dependencies(text, needed));
  }
  return parts.join('');
}

/** Text of one message alone, ending with a line break. */
function singleDefinition(type: string): string | undefined {
  if (type in VISION_MSGS) return VISION_MSGS[type];
  const own = new RegExp(`^${OWN_PACKAGE}/msg/(\\w+)$`).exec(type)?.[1];
  if (own !== undefined) {
    try {
      return readFileSync(path.join(packageRoot, 'msg', `${own}.msg`), 'utf8');
    } catch {
      return undefined;
    }
  }
  const known = ros2jazzy as Record<string, (typeof ros2jazzy)['std_msgs/Header']>;
  const definition = known[shortName(type)];
  if (!definition) return undefined;
  // The library writes ROS 1's built-in time types.
  const text = stringify([definition]).replace(/^(time|duration)(?=[ [])/gm, (_, kind: string) =>
    kind === 'time' ? 'builtin_interfaces/Time' : 'builtin_interfaces/Duration',
  );
  return `${text.trimEnd()}\n`;
}

function dependencies(text: string, type: string): string[] {
  const types: string[] = [];
  for (const line of text.split('\n')) {
    const fieldType = /^\s*([A-Za-z]\w*(?:\/\w+)*)(?:\[[^\]]*\])?\s+\w/.exec(line)?.[1];
    if (fieldType === undefined || PRIMITIVES.has(fieldType)) continue;
    types.push(longName(fieldType.includes('/') ? fieldType : `${type.split('/')[0]}/${fieldType}`));
  }
  return types;
}

const PRIMITIVES = new Set(
  'bool byte char float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 string wstring'.split(' '),
);

/** `sensor_msgs/msg/Image` → `sensor_msgs/Image`. */
function shortName(type: string): string {
  return type.replace('/msg/', '/');
}

/** `sensor_msgs/Image` → `sensor_msgs/msg/Image`. */
function longName(type: string): string {
  return /^\w+\/\w+$/.test(type) ? type.replace('/', '/msg/') : type;
}

/** Parses a merged definition; the first entry is the message itself. Throws Error where it is no valid definition. */
export function parseDefinition(definition: string): ReturnType<typeof parse> {
  return parse(definition, { ros2: true });
}
