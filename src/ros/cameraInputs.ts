import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';
import { BandMonitor } from './bandMonitor.js';
import { frameOfMessage, TRANSPORTS, type Transport } from '../messages/imageMessages.js';
import type { Rcl, RclNode, RclQos } from './rcl.js';
import { reasonOf } from '../errors.js';

export interface CameraInput {
  readonly spectrum: Spectrum;
  readonly topic: string;
  readonly transport: Transport;
}

/** Depth of the middleware's queue: latest wins, so anything that waits there is late already. */
const QUEUE_DEPTH = 2;

/**
 * Subscribes to the cameras with sensor-data QoS (best effort, volatile), overridable with `qos_overrides`. Callbacks are guarded: an
 * exception in one would end the process.
 */
export class CameraInputs {
  readonly bands: ReadonlyMap<Spectrum, BandMonitor>;
  readonly #subscriptions: object[];
  readonly #wanted = new Map<Spectrum, { readonly type: string; readonly qos: RclQos }>();
  readonly rcl: Rcl;
  readonly node: RclNode;

  /** @param onFrame called for every usable message; `formatChange` says how size or encoding differ from the message before, if they do */
  constructor(
    rcl: Rcl,
    node: RclNode,
    cameras: readonly CameraInput[],
    onFrame: (frame: Frame, formatChange: string | undefined) => void,
  ) {
    this.rcl = rcl;
    this.node = node;
    const bands = new Map<Spectrum, BandMonitor>();
    this.#subscriptions = cameras.map(({ spectrum, topic, transport }) => {
      const { type, suffix } = TRANSPORTS[transport];
      const wanted = topic + suffix;
      const resolved = node.resolveTopicName(wanted);
      const band = new BandMonitor(spectrum, resolved);
      bands.set(spectrum, band);
      const qos = sensorDataQos(rcl);
      this.#wanted.set(spectrum, { type, qos });
      const options = {
        qos,
        // Declared once: a node that is configured again keeps the overrides it was started with.
        ...(!node.hasParameter(`qos_overrides.${resolved}.subscription.depth`) && {
          qosOverridingOptions: rcl.QoSOverridingOptions.withDefaultPolicies(),
        }),
      };
      const receive = (message: unknown): void => {
        try {
          const receivedNs = process.hrtime.bigint();
          const frame = frameOfMessage(message, { spectrum, topic: resolved, transport, receivedNs });
          onFrame(frame, band.arrived(frame, receivedNs, node.now().nanoseconds));
        } catch (error) {
          band.failed(reasonOf(error));
        }
      };
      return node.createSubscription(type, wanted, options, receive);
    });
    this.bands = bands;
  }

  /** Who publishes for a band, and who of them cannot be heard for a quality of service or a type that does not fit. */
  publishersOf(band: BandMonitor): { readonly publishers: number; readonly mismatches: readonly string[] } {
    const infos = this.node.getPublishersInfoByTopic(band.topic);
    const wanted = this.#wanted.get(band.spectrum);
    const mismatches = infos.flatMap((info) => {
      const who = `${info.node_namespace.replace(/\/$/, '')}/${info.node_name}`;
      const why =
        wanted === undefined ? undefined : mismatch(this.rcl, wanted, info.topic_type, info.qos_profile, band.topic);
      return why === undefined ? [] : [`${who} cannot be heard: ${why}`];
    });
    return { publishers: infos.length, mismatches };
  }

  close(): void {
    for (const subscription of this.#subscriptions.splice(0)) this.node.destroySubscription(subscription);
  }
}

/** The rules of DDS: a publisher must offer at least what is asked for. */
function mismatch(
  { QoS }: Rcl,
  wanted: { readonly type: string; readonly qos: RclQos },
  type: string,
  offered: RclQos,
  topic: string,
): string | undefined {
  if (type !== wanted.type) return `it sends ${type}, this node expects ${wanted.type}`;
  const { RMW_QOS_POLICY_RELIABILITY_RELIABLE: reliable } = QoS.ReliabilityPolicy;
  if (wanted.qos.reliability === reliable && offered.reliability !== reliable) {
    return `it offers best effort, this node asks for reliable (set qos_overrides.${topic}.subscription.reliability to best_effort)`;
  }
  const { RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL: transientLocal } = QoS.DurabilityPolicy;
  if (wanted.qos.durability === transientLocal && offered.durability !== transientLocal) {
    return 'it offers volatile, this node asks for transient local';
  }
  return undefined;
}

function sensorDataQos({ QoS }: Rcl): RclQos {
  return new QoS(
    QoS.HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    QUEUE_DEPTH,
    QoS.ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT,
    QoS.DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
  );
}
