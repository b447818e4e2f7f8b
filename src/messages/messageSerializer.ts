import { MessageWriter } from '@foxglove/rosmsg2-serialization';
import { parseDefinition } from './definitions.js';

/**
 * Serialises messages to CDR by a merged definition.
 * @throws Error where it is no valid definition
 */
export function messageSerializer(definition: string): (message: unknown) => Uint8Array {
  const writer = new MessageWriter(parseDefinition(definition));
  return (message) => writer.writeMessage(withByteLengths(message));
}

/**
 * The message with NULs behind every text that takes more bytes in UTF-8 than it has characters, as many as it takes more. The writer
 * reserves a byte for each character and fills these with UTF-8: without that it would cut `48×` after `48`; the NULs find no room.
 */
function withByteLengths(value: unknown): unknown {
  if (typeof value === 'string') return value + '\0'.repeat(Buffer.byteLength(value) - value.length);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.some(holdsText) ? value.map(withByteLengths) : value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withByteLengths(field)]));
}

function holdsText(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}
