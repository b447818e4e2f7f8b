import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import { specsOf, type ParameterSpec } from './parameterSchema.js';
import { PARAMETER_TYPE, type Rcl, type RclNode, type RclParameter, type RclSetParametersResult } from './rcl.js';

/** Values that a configuration file gives to parameters; ROS overrides (`-p`, parameter files) win over them. */
export type ParameterDefaults = Readonly<Record<string, boolean | number | string>>;

/** Given to whole systems, and of no meaning to these nodes: no reason for a warning. */
const FOR_EVERY_NODE = ['use_sim_time', 'start_type_description_service'];

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
  const overrides = new Map(node.getParameterOverrides().map((parameter) => [parameter.name, parameter]));
  const values: Record<string, unknown> = {};
  for (const spec of specsOf(schema, readOnly)) {
    const override = overrides.get(spec.name);
    // Taken from the overrides here: rclnodejs would refuse `5` for a double, in words that do not say why.
    const given = override === undefined ? (defaults[spec.name] ?? spec.default) : checked(schema, spec, override);
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
 * Keeps the runtime parameters checked and current: a change that cannot be is refused with the reason. No parameter can be deleted, as
 * the node would have to go on with a value that nobody gave; an integer is taken for a double, as it is at the start.
 * @returns a function that gives the current values
 */
export function followRuntimeParameters<Schema extends z.ZodObject>(
  rcl: Rcl,
  node: RclNode,
  schema: Schema,
  initial: z.output<Schema>,
): () => z.output<Schema> {
  let current = initial;
  const set = node.setParametersAtomically.bind(node);
  // rclnodejs asks its callbacks only after checks of its own, whose words do not say what is wrong: both services come through here.
  node.setParametersAtomically = (parameters) => {
    const typed = parameters.map((parameter) => withDeclaredType(rcl, node, parameter));
    const reasons = typed.flatMap((parameter) => refusal(node, parameter) ?? []);
    if (reasons.length > 0) return { successful: false, reason: reasons.join('; ') };
    const changes = typed.filter(({ name }) => name in schema.shape).map(({ name, value }) => [name, fromRos(value)]);
    const wanted = schema.safeParse({ ...current, ...Object.fromEntries(changes) });
    if (!wanted.success) return { successful: false, reason: problems(wanted.error) };
    const result: RclSetParametersResult = set(typed);
    if (result.successful) current = wanted.data;
    return result;
  };
  return () => current;
}

/**
 * The parameters that a node was given and does not have: a mistyped name, mostly. Asked when all are declared.
 * @param later names that will be declared yet
 */
export function unknownParameters(node: RclNode, later: readonly string[] = []): string[] {
  const known = [...FOR_EVERY_NODE, ...later];
  const names = node.getParameterOverrides().map(({ name }) => name);
  return names.filter((name) => !known.includes(name) && !node.hasParameter(name));
}

/** Says what `unknownParameters` finds in a warning of one line. */
export function warnOfUnknownParameters(node: RclNode, later: readonly string[] = []): void {
  const unknown = unknownParameters(node, later);
  if (unknown.length === 0) return;
  const they = unknown.length === 1 ? 'a parameter' : 'parameters';
  node.getLogger().warn(`given ${they} that this node does not have: ${unknown.join(', ')}`);
}

function withDeclaredType(rcl: Rcl, node: RclNode, parameter: RclParameter): RclParameter {
  const { integer, double } = PARAMETER_TYPE;
  if (parameter.type !== integer || node.getParameterDescriptor(parameter.name).type !== double) return parameter;
  return new rcl.Parameter(parameter.name, double, Number(parameter.value));
}

/** Why a parameter cannot be set, whatever its value; the words of ROS for what everybody knows. */
function refusal(node: RclNode, { name, type }: RclParameter): string | undefined {
  if (!node.hasParameter(name)) return `there is no parameter ${name}`;
  const declared = node.getParameterDescriptor(name);
  if (type === PARAMETER_TYPE.none) return `${name} cannot be deleted: set it to the value that it should have`;
  if (declared.readOnly) return `${name} is read at start only: give it to the node when it is started`;
  return type === declared.type ? undefined : `${name} is ${typeName(declared.type)}, not ${typeName(type)}`;
}

function checked(schema: z.ZodObject, spec: ParameterSpec, { type, value: fromRcl }: RclParameter): unknown {
  const value = fromRos(fromRcl);
  const shapes = schema.shape as Record<string, z.ZodType>;
  const wanted = PARAMETER_TYPE[spec.kind];
  const fits = type === wanted || (type === PARAMETER_TYPE.integer && wanted === PARAMETER_TYPE.double);
  const result = shapes[spec.name]?.safeParse(value);
  if (fits && result?.success !== false) return value;
  const why = fits && result?.error ? problems(result.error) : `that is ${typeName(type)}`;
  throw new ExpectedError(
    'usage',
    `parameter ${spec.name} cannot be ${type === PARAMETER_TYPE.none ? 'empty' : JSON.stringify(value)}: ${why}`,
    `it is a ${spec.kind}: ${spec.description}`,
  );
}

function typeName(type: number): string {
  const name = Object.entries(PARAMETER_TYPE).find(([, value]) => value === type)?.[0];
  if (name === undefined) return 'an array';
  return name === 'none' ? 'no value' : `${name === 'integer' ? 'an' : 'a'} ${name}`;
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
