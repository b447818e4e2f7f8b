import { cdrSerializer } from '../messages/cdr.js';
import { outputPublisher } from './outputPublisher.js';
import type { Rcl, RclNode, RclPublisher } from './rcl.js';

/** Stages that have a topic, in the order in which an image goes through them; `total` is from arrival to published detections. */
export const DEBUG_STAGES = ['decode', 'resize', 'inference', 'postprocess', 'grad_cam', 'queue', 'total'] as const;

const TYPE = 'std_msgs/msg/Float64';
const serialize = cdrSerializer(TYPE);

/** `~/debug/<stage>_ms`, std_msgs/Float64: one value per image, for plotting tools; silent while nobody listens. */
export class DebugTopics {
  readonly #publishers: ReadonlyMap<string, RclPublisher>;

  constructor(rcl: Rcl, node: RclNode) {
    this.#publishers = new Map(
      DEBUG_STAGES.map((stage) => [stage, outputPublisher(rcl, node, TYPE, `~/debug/${stage}_ms`, 10)]),
    );
  }

  publish(stage: string, milliseconds: number): void {
    const publisher = this.#publishers.get(stage);
    if (publisher && publisher.subscriptionCount > 0) publisher.publish(serialize({ data: milliseconds }));
  }
}
