import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { ExpectedError } from '../errors.js';
import type { RawMessage } from './rawMessage.js';
import { ClaimedLengths } from './claims.js';
import { parseDefinition, standardDefinition } from './definitions.js';

/** Parsed definitions that are kept; a bag has a few dozen types. */
const KEPT_READERS = 500;
/** Longest definition that is parsed; the largest in use have some hundred kilobytes. */
const DEFINITION_CHARACTERS = 4 * 1024 * 1024;

interface Reader {
  readonly lengths: ClaimedLengths;
  readonly messages: MessageReader;
}

const readers = new Map<string, Reader>();

/**
 * Decodes a CDR message into a plain object with the field names of its definition: stamps as `{ sec, nanosec }`,
 * 64-bit integers as bigint, arrays of numbers as typed arrays. Byte arrays are views into `data`: nothing is copied.
 * @param definition merged `ros2msg` text as the bag has it; where empty, the definition that we know for `type`
 * @throws ExpectedError `input` where the definition is missing or wrong, or the data do not fit it
 */
export function decodeMessage(type: string, definition: string, data: Uint8Array): unknown {
  const reader = readerFor(type, definition);
  try {
    reader.lengths.check(data);
    return reader.messages.readMessage(data);
  } catch (error) {
    throw new ExpectedError(
      'input',
      `a ${type} message of ${String(data.byteLength)} bytes cannot be decoded: ${(error as Error).message}`,
      'the message is damaged, or its definition in the bag is not the one it was recorded with',
      { cause: error },
    );
  }
}

function readerFor(type: string, definition: string): Reader {
  const key = `${type}\n${definition}`;
  const known = readers.get(key);
  if (known) return known;
  const text = definition === '' ? standardDefinition(type) : definition;
  if (text === undefined) {
    throw new ExpectedError(
      'input',
      `the bag has no definition of ${type}, and it is none of the standard ones`,
      'record with ROS 2 Iron or later, or in MCAP: both store definitions',
    );
  }
  let reader: Reader;
  try {
    if (text.length > DEFINITION_CHARACTERS) throw new Error(`it has ${String(text.length)} characters`);
    const parsed = parseDefinition(text);
    reader = { lengths: new ClaimedLengths(parsed), messages: new MessageReader(parsed) };
  } catch (error) {
    throw new ExpectedError(
      'input',
      `the definition of ${type} in the bag cannot be used: ${(error as Error).message.split('\n')[0]}`,
      'only definitions in .msg syntax (ros2msg) are read; re-record, or convert with `ros2 bag convert`',
      { cause: error },
    );
  }
  if (readers.size >= KEPT_READERS) readers.clear();
  readers.set(key, reader);
  return reader;
}

/** Where and when a message's sensor was, from its `std_msgs/msg/Header`. */
export interface Header {
  /** Nanoseconds since the epoch. */
  readonly stampNs: bigint;
  readonly frameId: string;
}

/** Error for a decoded message that lacks a field. */
export function unfit(message: Pick<RawMessage, 'topic' | 'type'>, why: string): ExpectedError {
  return new ExpectedError(
    'input',
    `a message on ${message.topic} says it is a ${message.type} but ${why}`,
    'the definition stored in the bag differs from the ROS package; check how the bag was made',
  );
}
