import type { RclNode, RclPublisher } from './rcl.js';

/** Stages that have a topic, in the order in which an image goes through them; `total` is from arrival to published detections. */
export const DEBUG_STAGES = ['decode', 'resize', 'inference', 'postprocess', 'grad_cam', 'queue', 'total'] as const;

/** `~/debug/<stage>_ms`, std_msgs/Float64: one value per image, for plotting tools; silent while nobody listens. */
export class DebugTopics {
  readonly #publishers: ReadonlyMap<string, RclPublisher>;

  constructor(node: RclNode) {
    this.#publishers = new Map(
      DEBUG_STAGES.map((stage) => [stage, node.createPublisher('std_msgs/msg/Float64', `~/debug/${stage}_ms`)]),
    );
  }

  publish(stage: string, milliseconds: number): void {
    const publisher = this.#publishers.get(stage);
    if (publisher && publisher.subscriptionCount > 0) publisher.publish({ data: milliseconds });
  }
}
