import { toRosTime } from '../bag/outputMessages.js';
import type { Status } from './diagnostics.js';
import type { RclNode, RclPublisher } from './rcl.js';

/** Publishes statuses on /diagnostics. */
export class DiagnosticsPublisher {
  readonly #publisher: RclPublisher;

  constructor(readonly node: RclNode) {
    this.#publisher = node.createPublisher('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics');
  }

  publish(statuses: readonly Status[]): void {
    this.#publisher.publish({
      header: { stamp: toRosTime(this.node.now().nanoseconds), frame_id: '' },
      status: statuses.map(({ level, name, message, hardwareId, values }) => ({
        level,
        name,
        message,
        hardware_id: hardwareId,
        values: [...values].map(([key, value]) => ({ key, value })),
      })),
    });
  }
}
