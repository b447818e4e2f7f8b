import { CdrReader } from '@foxglove/cdr';
import type { parseDefinition } from './definitions.js';

type Definitions = ReturnType<typeof parseDefinition>;
type Field = Definitions[number]['definitions'][number];

/** Bytes of the primitive types of fixed length, as they are aligned. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ...['bool', 'int8', 'uint8', 'byte', 'char'].map((type) => [type, 1] as const),
  ...['int16', 'uint16'].map((type) => [type, 2] as const),
  ...['int32', 'uint32', 'float32'].map((type) => [type, 4] as const),
  ...['int64', 'uint64', 'float64'].map((type) => [type, 8] as const),
]);
const STRING_PREFIX = 4;
const TIME_BYTES = 8;
/** Messages within messages, deeper than any in use. */
const DEEPEST = 64;

/**
 * Checks what a message and its definition claim of lengths before anything is built from them: an array of more elements than
 * the bytes that are left can hold is refused, whether its length stands in the message or in the definition. Takes no memory.
 */
export class ClaimedLengths {
  readonly #types: ReadonlyMap<string, readonly Field[]>;
  readonly #root: readonly Field[];
  /** Fewest bytes of each type; undefined while it is being worked out. */
  readonly #fewest = new Map<string, number | undefined>();

  /** @throws Error where a type contains itself, or is not defined */
  constructor(definitions: Definitions) {
    this.#types = new Map(definitions.map(({ name, definitions: fields }) => [name ?? '', fields]));
    this.#root = definitions.find(({ definitions: fields }) => !isOnlyConstants(fields))?.definitions ?? [];
    this.#root.forEach((field) => this.#elementBytes(field, 0));
  }

  /** @throws Error that names the field whose length cannot be true */
  check(data: Uint8Array): void {
    this.#walk(new CdrReader(data), this.#root);
  }

  #walk(reader: CdrReader, fields: readonly Field[]): void {
    if (!fields.some(isData)) {
      skip(reader, 1, 1); // ROS 2 gives an empty message one byte
      return;
    }
    for (const field of fields.filter(isData)) {
      const count = field.isArray === true ? (field.arrayLength ?? reader.sequenceLength()) : 1;
      if (count * Math.max(1, this.#elementBytes(field, 0)) > reader.byteLength - reader.offset)
        throw new Error(
          `field "${field.name}" claims ${String(count)} × ${field.type} where ${String(Math.max(0, reader.byteLength - reader.offset))} bytes are left`,
        );
      const size = SIZES.get(field.type);
      if (field.isComplex !== true && size !== undefined) skip(reader, size, count);
      else if (field.isComplex !== true && isTime(field.type)) skip(reader, TIME_BYTES / 2, 2 * count);
      else for (let i = 0; i < count; i += 1) this.#walkOne(reader, field);
    }
  }

  #walkOne(reader: CdrReader, field: Field): void {
    if (field.isComplex === true) this.#walk(reader, this.#types.get(field.type) ?? []);
    else {
      const length = reader.uint32();
      reader.offset += length;
    }
    if (reader.offset > reader.byteLength) throw new Error(`field "${field.name}" ends behind the message`);
  }

  /** The fewest bytes that one element of a field takes. */
  #elementBytes(field: Field, depth: number): number {
    if (field.isComplex !== true) return SIZES.get(field.type) ?? (isTime(field.type) ? TIME_BYTES : STRING_PREFIX);
    const known = this.#fewest.get(field.type);
    if (known !== undefined) return known;
    const fields = this.#types.get(field.type);
    if (!fields) throw new Error(`type ${field.type} of field "${field.name}" is not defined`);
    if (this.#fewest.has(field.type) || depth > DEEPEST) throw new Error(`type ${field.type} contains itself`);
    this.#fewest.set(field.type, undefined);
    let bytes = fields.some(isData) ? 0 : 1;
    for (const inner of fields.filter(isData)) {
      const each = this.#elementBytes(inner, depth + 1);
      bytes += inner.isArray !== true ? each : (inner.arrayLength ?? 0) * each;
    }
    this.#fewest.set(field.type, bytes);
    return bytes;
  }
}

function isData(field: Field): boolean {
  return field.isConstant !== true;
}

function isOnlyConstants(fields: readonly Field[]): boolean {
  return fields.length > 0 && !fields.some(isData);
}

function isTime(type: string): boolean {
  return type === 'time' || type === 'duration';
}

/** Steps over `count` numbers of `size` bytes, the first one aligned as the reader does it. */
function skip(reader: CdrReader, size: number, count: number): void {
  if (count === 0) return;
  if (size === 8) reader.uint64();
  else if (size === 4) reader.uint32();
  else if (size === 2) reader.uint16();
  else reader.uint8();
  reader.offset += size * (count - 1);
}
