import { z } from 'zod';
import { manifestSchema, type FamilyName } from './manifestSchema.js';

/** One field of a manifest. */
export interface ManifestField {
  /** Dotted. */
  readonly path: string;
  readonly type: string;
  /** JSON, or undefined where the field has none. */
  readonly fallback: string | undefined;
  readonly optional: boolean;
  readonly text: string;
}

/** The part of JSON Schema that the manifest's schema comes out as. */
interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

const json = z.toJSONSchema(manifestSchema, { io: 'input' }) as JsonSchema;

/** Every field of a family's manifest, in order, those of objects behind them. */
export function fieldsOf(family: FamilyName): ManifestField[] {
  const options = json.oneOf ?? json.anyOf ?? [];
  const own = options.find(({ properties }) => properties?.['family']?.const === family);
  return own ? fieldsIn(own, '') : [];
}

function fieldsIn({ properties = {}, required = [] }: JsonSchema, prefix: string): ManifestField[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = prefix + name;
    const field: ManifestField = {
      path,
      type: typeOf(schema),
      fallback: schema.default === undefined ? undefined : JSON.stringify(schema.default),
      optional: !required.includes(name),
      text: schema.description ?? '',
    };
    const inner = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const nested = schema.properties
      ? fieldsIn(schema, `${path}.`)
      : inner?.properties
        ? fieldsIn(inner, `${path}.<name>.`)
        : [];
    return [field, ...nested];
  });
}

function typeOf({ type, const: constant, enum: values, items, prefixItems }: JsonSchema): string {
  if (constant !== undefined) return JSON.stringify(constant);
  if (values) return values.map((value) => JSON.stringify(value)).join(' or ');
  if (prefixItems) return `list of ${prefixItems.length} ${prefixItems[0]?.type ?? 'value'}s`;
  if (type === 'array') return `list of ${items ? plural(typeOf(items)) : 'values'}`;
  return type === 'object' ? 'object' : (type ?? 'value');
}

function plural(type: string): string {
  return type.startsWith('list of') ? type.replace('list', 'lists') : type.includes('"') ? type : `${type}s`;
}
