import { standardDefinition } from './definitions.js';
import { messageSerializer } from './messageSerializer.js';

/**
 * Serialises messages of one type to CDR. Publishing the bytes takes microseconds where rclnodejs needs 44 ms to build 100 detections from
 * objects. Every Buffer owns its memory: rclnodejs ignores `byteOffset` and would send the start of a shared pool (no
 * upstream issue known for either).
 * @throws Error where no definition of `type` is known
 */
export function cdrSerializer(type: string): (message: unknown) => Buffer {
  const definition = standardDefinition(type);
  if (definition === undefined) throw new Error(`no definition of ${type} is known`);
  const serialize = messageSerializer(definition);
  return (message) => {
    const bytes = serialize(message);
    const own = new Uint8Array(bytes.byteLength);
    own.set(bytes);
    return Buffer.from(own.buffer);
  };
}
