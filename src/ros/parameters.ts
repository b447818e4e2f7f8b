import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import { specsOf, type ParameterSpec } from './parameterSchema.js';
import { PARAMETER_TYPE, type Rcl, type RclNode } from './rcl.js';

/** Values that a configuration file gives to parameters; ROS overrides (`-p`, parameter files) win over them. */
export type ParameterDefaults = Readonly<Record<string, boolean | number | string>>;

/**
 * Declares the parameters of a schema, with description, range and read-only mark, and returns their values.
 * @throws ExpectedError `usage` where an override has the wrong type or is out of range
 */
export function declareParameters(
  rcl: Rcl,
  node: RclNode,
  { schema, readOnly }: { readonly schema: z.ZodObject; readonly readOnly: boolean },
  defaults: ParameterDefaults = {},
): Record<string, unknown> {
  const overrides = new Map(node.getParameterOverrides().map(({ name, value }) => [name, value]));
  const values: Record<string, unknown> = {};
  for (const spec of specsOf(schema, readOnly)) {
    const override = overrides.get(spec.name);
    // Taken from the overrides here: rclnodejs would refuse `5` for a double, in words that do not say why.
    const given =
      override === undefined ? (defaults[spec.name] ?? spec.default) : checked(schema, spec, fromRos(override));
    const type = PARAMETER_TYPE[spec.kind];
    const value = spec.kind === 'integer' ? BigInt(given as number) : given;
    const descriptor = new rcl.ParameterDescriptor(spec.name, type, spec.description, spec.readOnly);
    // rclnodejs leaves ranges out of its answers, and refuses what is out of range with words that do not say so: the ranges are told
    // here, and kept by the schema.
    const describe = descriptor.toMessage.bind(descriptor);
    descriptor.toMessage = () => ({ ...describe(), ...rangeOf(spec) });
    if (spec.choices) descriptor.additionalConstraints = `one of ${spec.choices.join(', ')}`;
    node.declareParameter(new rcl.Parameter(spec.name, type, value), descriptor, true);
    values[spec.name] = given;
  }
  return values;
}

/**
 * Keeps the runtime parameters checked and current: a change that the schema refuses is refused with the schema's words.
 * @returns a function that gives the current values
 */
export function followRuntimeParameters<Schema extends z.ZodObject>(
  node: RclNode,
  schema: Schema,
  initial: z.output<Schema>,
): () => z.output<Schema> {
  let current = initial;
  const changed = (
    parameters: readonly { readonly name: string; readonly value: unknown }[],
  ): Record<string, unknown> =>
    Object.fromEntries(
      parameters.filter(({ name }) => name in schema.shape).map(({ name, value }) => [name, fromRos(value)]),
    );
  node.addOnSetParametersCallback((parameters) => {
    const result = schema.safeParse({ ...current, ...changed(parameters) });
    return { successful: result.success, reason: result.success ? '' : problems(result.error) };
  });
  node.addPostSetParametersCallback((parameters) => {
    current = schema.parse({ ...current, ...changed(parameters) });
  });
  return () => current;
}

function checked(schema: z.ZodObject, spec: ParameterSpec, value: unknown): unknown {
  const shapes = schema.shape as Record<string, z.ZodType>;
  const result = shapes[spec.name]?.safeParse(value);
  if (result?.success !== false) return value;
  throw new ExpectedError(
    'usage',
    `parameter ${spec.name} cannot be ${JSON.stringify(value)}: ${problems(result.error)}`,
    `it is a ${spec.kind}: ${spec.description}`,
  );
}

/** ROS integers arrive as BigInt. */
function fromRos(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

function problems(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ');
}

function rangeOf({ kind, minimum, maximum }: ParameterSpec): object {
  if (minimum === undefined || maximum === undefined) return {};
  return kind === 'integer'
    ? { integer_range: [{ from_value: BigInt(minimum), to_value: BigInt(maximum), step: 1n }] }
    : { floating_point_range: [{ from_value: minimum, to_value: maximum, step: 0 }] };
}
