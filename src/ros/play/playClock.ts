import { toRosTime } from '../../messages/rosTime.js';
import type { Rcl, RclNode, RclPublisher } from '../rcl.js';

/** Publishes the recording's time on /clock. */
export class PlayClock {
  readonly #publisher: RclPublisher;
  readonly #timer: NodeJS.Timeout;
  readonly positionNs: () => bigint;

  constructor(rcl: Rcl, node: RclNode, hz: number, positionNs: () => bigint) {
    this.positionNs = positionNs;
    const { QoS } = rcl;
    const qos = new QoS(
      QoS.HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
      1,
      QoS.ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE,
      QoS.DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
    );
    this.#publisher = node.createPublisher('rosgraph_msgs/msg/Clock', '/clock', { qos });
    this.#timer = setInterval(() => this.publish(), 1000 / hz);
  }

  publish(): void {
    this.#publisher.publish({ clock: toRosTime(this.positionNs()) });
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
