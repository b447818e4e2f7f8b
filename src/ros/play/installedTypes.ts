import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** `package/msg/Name`, and nothing that could lead anywhere else: the parts become file names. */
const MESSAGE_TYPE = /^([A-Za-z]\w*)\/msg\/([A-Za-z]\w*)$/;

const hashesSchema = z.object({
  type_hashes: z.array(z.object({ type_name: z.string(), hash_string: z.string() })),
});

/** The parts of a message type's name; undefined where it is none. */
export function messageType(type: string): { readonly packageName: string; readonly name: string } | undefined {
  const [, packageName, name] = MESSAGE_TYPE.exec(type) ?? [];
  return packageName === undefined || name === undefined ? undefined : { packageName, name };
}

/**
 * Type hash (REP 2011, `RIHS01_…`) of a message that is installed in the ROS environment.
 * @param prefixes folders of AMENT_PREFIX_PATH, in order
 * @returns empty where the message is installed without a hash, undefined where it is not installed
 */
export function installedTypeHash(type: string, prefixes: readonly string[]): string | undefined {
  const parts = messageType(type);
  if (parts === undefined) return undefined;
  for (const prefix of prefixes) {
    const folder = path.join(prefix, 'share', parts.packageName, 'msg');
    const hash = hashIn(path.join(folder, `${parts.name}.json`), type);
    if (hash !== undefined) return hash;
    if (readable(path.join(folder, `${parts.name}.idl`)) !== undefined) return '';
  }
  return undefined;
}

function hashIn(file: string, type: string): string | undefined {
  const text = readable(file);
  if (text === undefined) return undefined;
  const { type_hashes: hashes } = hashesSchema.parse(JSON.parse(text));
  return hashes.find(({ type_name: name }) => name === type)?.hash_string ?? '';
}

function readable(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
