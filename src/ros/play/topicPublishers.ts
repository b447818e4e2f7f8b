import type { TopicInfo } from '../../bag/bag.js';
import type { RawMessage } from '../../messages/rawMessage.js';
import type { Rcl, RclNode, RclPublisher } from '../rcl.js';
import { installedTypeHash, messageType } from './installedTypes.js';
import { DEFAULT_OFFER, parseOfferedQos, type OfferedQos } from './offeredQos.js';
import { reasonOf } from '../../errors.js';

/** A serialised message begins with four bytes that say how; less is no message, and native code would read beyond it. */
const SHORTEST_MESSAGE = 4;

/** A topic of the recording that cannot be played, and why. */
export interface SkippedTopic {
  readonly name: string;
  readonly why: string;
}

/**
 * A publisher for each recorded topic, with the recorded type and quality of service (overridable with `qos_overrides`). Messages go out
 * as they were recorded: nothing is decoded, so every type that is installed can be played.
 */
export class TopicPublishers {
  readonly skipped: readonly SkippedTopic[];
  /** One line for each topic that is played. */
  readonly descriptions: readonly string[];
  readonly #publishers = new Map<string, { readonly publisher: RclPublisher; readonly reliable: boolean }>();
  #unusable = 0;
  readonly rcl: Rcl;
  readonly node: RclNode;

  /** @param prefixes folders of AMENT_PREFIX_PATH */
  constructor(rcl: Rcl, node: RclNode, topics: readonly TopicInfo[], prefixes: readonly string[]) {
    this.rcl = rcl;
    this.node = node;
    const skipped: SkippedTopic[] = [];
    const descriptions: string[] = [];
    for (const topic of topics) {
      const why = reasonToSkip(topic, prefixes);
      if (why !== undefined) {
        skipped.push({ name: topic.name, why });
        continue;
      }
      const recorded = parseOfferedQos(topic.offeredQosProfiles);
      const offer = recorded ?? DEFAULT_OFFER;
      try {
        this.#publishers.set(keyOf(topic), {
          publisher: this.#createPublisher(topic, offer),
          reliable: offer.reliability === 'reliable',
        });
      } catch (error) {
        skipped.push({ name: topic.name, why: reasonOf(error) });
        continue;
      }
      const { reliability, durability, depth } = offer;
      const quality = `${reliability}, ${durability}, depth ${depth}`.replaceAll('_', ' ');
      descriptions.push(
        `${topic.name}: ${topic.count} × ${topic.type}, ${quality}${recorded ? '' : ' (the bag does not say)'}`,
      );
    }
    this.skipped = skipped;
    this.descriptions = descriptions;
  }

  /** Names of the topics that are played. */
  get names(): string[] {
    return [...new Set([...this.#publishers.keys()].map((key) => key.split(' ', 1)[0] ?? ''))];
  }

  /** Messages that were too short to be any. */
  get unusable(): number {
    return this.#unusable;
  }

  publish(message: RawMessage): void {
    const entry = this.#publishers.get(keyOf(message));
    if (entry === undefined) return;
    if (message.data.byteLength < SHORTEST_MESSAGE) this.#unusable++;
    else entry.publisher.publish(wholeBuffer(message.data));
  }

  /** Whether everybody who has subscribed to a topic that is played can hear it by now. */
  get heard(): boolean {
    return [...this.#publishers.values()].every(
      ({ publisher }) => publisher.subscriptionCount >= this.node.countSubscribers(publisher.topic),
    );
  }

  /** Blocks until the reliable ones have arrived, or the time is up. @returns whether they have */
  waitForDelivery(timeoutNs: bigint): boolean {
    const endNs = process.hrtime.bigint() + timeoutNs;
    const reliable = [...this.#publishers.values()].filter((entry) => entry.reliable);
    return reliable.every(({ publisher }) => {
      const remainingNs = endNs - process.hrtime.bigint();
      return publisher.waitForAllAcked(remainingNs > 0n ? remainingNs : 0n);
    });
  }

  #createPublisher({ name, type }: TopicInfo, { reliability, durability, depth }: OfferedQos): RclPublisher {
    const { QoS, QoSOverridingOptions } = this.rcl;
    const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = QoS;
    const qos = new QoS(
      HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
      depth,
      reliability === 'reliable'
        ? ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE
        : ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT,
      durability === 'transient_local'
        ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL
        : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
    );
    const options = { qos, qosOverridingOptions: QoSOverridingOptions.withDefaultPolicies() };
    return this.node.createPublisher(serializedType(type), name, options);
  }
}

function reasonToSkip({ type, serialization, typeHash }: TopicInfo, prefixes: readonly string[]): string | undefined {
  if (serialization !== 'cdr') return `its messages are serialised as ${serialization || 'unknown'}, ROS 2 needs cdr`;
  const packageName = messageType(type)?.packageName;
  if (packageName === undefined) return `${type} is no message type`;
  const installed = installedTypeHash(type, prefixes);
  if (installed === undefined)
    return `${type} is not installed (apt-get install ros-$ROS_DISTRO-${dashed(packageName)})`;
  if (installed !== '' && typeHash !== '' && installed !== typeHash)
    return `${type} was recorded with another definition (${typeHash}) than the installed one (${installed})`;
  return undefined;
}

/** What rclnodejs asks of a message class when only serialised messages are published: its name. */
function serializedType(type: string): new () => object {
  const parts = messageType(type);
  return class Serialized {
    static type(): object {
      return { pkgName: parts?.packageName, subFolder: 'msg', interfaceName: parts?.name };
    }
  };
}

/** rclnodejs ignores `byteOffset` (no upstream issue known). */
function wholeBuffer(data: Uint8Array): Buffer {
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
  return Buffer.from(whole ? data.buffer : Uint8Array.from(data).buffer);
}

function keyOf({
  name,
  topic,
  type,
}: {
  readonly name?: string;
  readonly topic?: string;
  readonly type: string;
}): string {
  return `${name ?? topic ?? ''} ${type}`;
}

function dashed(packageName: string): string {
  return packageName.replaceAll('_', '-');
}
