import type { Rcl, RclNode, RclParameter } from './rcl.js';

/** The parameters that one key of a parameter file, or `-p`, gives; as rcl has parsed them. */
export interface GivenParameters {
  // `node`, `/ns/node`, or with wildcards: `/**`, `/*/node`, `/ns/**`. `-p` gives to `/**` where it names no node.
  readonly name: string;
  readonly parameters: readonly GivenParameter[];
}

export interface GivenParameter {
  readonly name: string;
  /** rcl_interfaces/msg/ParameterType; 0 where no value was given. */
  readonly type: number;
  readonly value?: unknown;
}

/**
 * The parameters that a node is given, by name. A key holds for the node when it matches the fully qualified name: `*` stands for one
 * part of it, `**` for any number of them, none included, and a bare name is one in the root namespace. Keys are taken in the order in
 * which they first appear on the command line and in its files, and a later key wins, whether or not it is the more special one; within
 * one key the value that was given last holds. (rclpy: `_populate_node_parameters_from_rcl_params`; rclcpp: `parameter_map_from`.)
 * @param given in rcl's order
 * @param nodeName fully qualified
 */
export function overridesFor(given: readonly GivenParameters[], nodeName: string): ReadonlyMap<string, GivenParameter> {
  const overrides = new Map<string, GivenParameter>();
  for (const { name, parameters } of given) {
    if (!keyPattern(name).test(nodeName)) continue;
    for (const parameter of parameters) overrides.set(parameter.name, parameter);
  }
  return overrides;
}

/** `/*` → one part of a name, so `/**` → any number of parts. */
function keyPattern(key: string): RegExp {
  const absolute = key.startsWith('/') ? key : `/${key}`;
  const literal = absolute.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('/*', '(/\\w+)')}$`);
}

/**
 * Makes every node of this process take its overrides as rcl defines them. rclnodejs looks up the keys `/**` and the bare node name only,
 * in this order, so that what a launch file gives (keyed by the fully qualified name) was ignored in silence; see docs/upstream.md, 1.
 * @param native rclnodejs's addon, which hands out what rcl has parsed
 */
export function takeOverridesAsRclDoes(
  rcl: Rcl,
  native: { getParameterOverrides(context: unknown): readonly GivenParameters[] | undefined },
): void {
  rcl.Node.prototype._getNativeParameterOverrides = function (this: RclNode) {
    const given = native.getParameterOverrides(this.context.handle) ?? [];
    const overrides = overridesFor(given, this.getFullyQualifiedName());
    return new Map([...overrides.values()].map((given) => [given.name, asParameter(rcl, given)] as const));
  };
}

const INTEGER_ARRAY = 7;

/** The addon gives integers as numbers, and rclnodejs's constructor mends only those that are not in an array; see docs/upstream.md, 2. */
function asParameter(rcl: Rcl, { name, type, value }: GivenParameter): RclParameter {
  return new rcl.Parameter(name, type, type === INTEGER_ARRAY ? (value as number[]).map(BigInt) : value);
}
