import { toRosTime } from '../messages/rosTime.js';
import { cdrSerializer } from '../messages/cdr.js';
import type { Status } from './diagnostics.js';
import { outputPublisher } from './outputPublisher.js';
import type { Rcl, RclNode, RclPublisher } from './rcl.js';

const TYPE = 'diagnostic_msgs/msg/DiagnosticArray';
const serialize = cdrSerializer(TYPE);

/** Publishes statuses on /diagnostics; as bytes, because rclnodejs stops the event loop for 20 ms to build a few of them from objects; see messages/cdr.ts. */
export class DiagnosticsPublisher {
  readonly #publisher: RclPublisher;
  readonly node: RclNode;

  constructor(rcl: Rcl, node: RclNode) {
    this.node = node;
    this.#publisher = outputPublisher(rcl, node, TYPE, '/diagnostics', 10);
  }

  publish(statuses: readonly Status[]): void {
    const message = {
      header: { stamp: toRosTime(this.node.now().nanoseconds), frame_id: '' },
      status: statuses.map(({ level, name, message, hardwareId, values }) => ({
        level,
        name,
        message,
        hardware_id: hardwareId,
        values: [...values].map(([key, value]) => ({ key, value })),
      })),
    };
    this.#publisher.publish(serialize(message));
  }
}
