import { toNumber } from './tensors.js';
import { AttributeType, type Attribute, type Node } from './schema.js';

/** An attribute value as given to the graph builder: whole numbers become `int`, `{ float }` says that a number is one. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** Encodes a node's attributes. */
export function attributes(values: Readonly<Record<string, AttributeValue>>): Attribute[] {
  return Object.entries(values).map(([name, value]): Attribute => {
    if (typeof value === 'string') return { name, type: AttributeType.string, s: new TextEncoder().encode(value) };
    if (typeof value === 'number') return { name, type: AttributeType.int, i: integer(name, value) };
    if ('float' in value) return { name, type: AttributeType.float, f: value.float };
    return { name, type: AttributeType.ints, ints: value.map((item) => integer(name, item)) };
  });
}

function integer(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`attribute ${name}: ${value} is no whole number`);
  return value;
}

function find(node: Node, name: string): Attribute | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** The whole number in attribute `name`, or `fallback` where the node has none. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  const value = find(node, name)?.i;
  return value === undefined || value === null ? fallback : toNumber(value);
}

/** The whole numbers in attribute `name`, or `fallback`. */
export function intsAttribute(node: Node, name: string, fallback: readonly number[]): readonly number[] {
  const values = find(node, name)?.ints;
  return values?.length ? values.map(toNumber) : fallback;
}

/** The text in attribute `name`, or `fallback`. */
export function stringAttribute(node: Node, name: string, fallback: string): string {
  const value = find(node, name)?.s;
  return value?.length ? new TextDecoder().decode(value) : fallback;
}

/** The number in attribute `name`, or `fallback`. */
export function floatAttribute(node: Node, name: string, fallback: number): number {
  return find(node, name)?.f ?? fallback;
}

/** The numbers in attribute `name`, or `fallback`. */
export function floatsAttribute(node: Node, name: string, fallback: readonly number[]): readonly number[] {
  const values = find(node, name)?.floats;
  return values?.length ? values : fallback;
}

/** Whether the node has attribute `name`. */
export function hasAttribute(node: Node, name: string): boolean {
  return find(node, name) !== undefined;
}
