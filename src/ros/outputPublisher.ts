import type { Rcl, RclNode, RclPublisher } from './rcl.js';

/**
 * A publisher of results: reliable, the last `depth` messages kept, its quality of service overridable (`qos_overrides`).
 * @param latched kept for late subscribers too; that cannot be overridden
 */
export function outputPublisher(
  rcl: Rcl,
  node: RclNode,
  type: string,
  topic: string,
  depth: number,
  latched = false,
): RclPublisher {
  const { QoS } = rcl;
  return node.createPublisher(type, topic, {
    qos: new QoS(
      QoS.HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
      depth,
      QoS.ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE,
      latched
        ? QoS.DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL
        : QoS.DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
    ),
    ...(!latched && { qosOverridingOptions: rcl.QoSOverridingOptions.withDefaultPolicies() }),
  });
}
