/** One recorded message, not decoded. */
export interface RawMessage {
  readonly topic: string;
  /** ROS type name with its middle part, for example `sensor_msgs/msg/Image`. */
  readonly type: string;
  /** When the recorder got it, nanoseconds since the epoch. Messages come in the order of this stamp. */
  readonly logTimeNs: bigint;
  /** When it was published; equals `logTimeNs` where the storage does not keep it (SQLite3). */
  readonly publishTimeNs: bigint;
  /** The serialised message. Alone in its `ArrayBuffer`, so it can be transferred to a worker. */
  readonly data: Uint8Array;
}
