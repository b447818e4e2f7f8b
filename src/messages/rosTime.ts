/** `builtin_interfaces/msg/Time`. */
export interface RosTime {
  readonly sec: number;
  readonly nanosec: number;
}

const SECOND_NS = 1_000_000_000n;

/** Splits nanoseconds into a ROS stamp. */
export function toRosTime(ns: bigint): RosTime {
  const nanosec = ((ns % SECOND_NS) + SECOND_NS) % SECOND_NS;
  return { sec: Number((ns - nanosec) / SECOND_NS), nanosec: Number(nanosec) };
}

/** A ROS stamp in nanoseconds. @throws RangeError for numbers that are not whole */
export function fromRosTime({ sec, nanosec }: RosTime): bigint {
  return BigInt(sec) * SECOND_NS + BigInt(nanosec);
}
