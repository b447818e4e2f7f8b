import { ExpectedError } from '../errors.js';
import { PARAMETER_TYPE, type RclNode } from './rcl.js';

/** What rclnodejs understands, by policy. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  history: ['keep_last', 'keep_all', 'system_default'],
  reliability: ['reliable', 'best_effort', 'system_default'],
};

/** `qos_overrides.<topic>.subscription.depth`; topics hold no dots. */
const NAME = /^qos_overrides\.(?<topic>[^.]+)\.(?:publisher|subscription)(?:_\w+)?\.(?<policy>\w+)$/;

/** The parameters by which a subscription's quality of service can be changed. @param topic resolved */
export function subscriptionOverrides(topic: string): string[] {
  return ['history', 'depth', 'reliability'].map((policy) => `qos_overrides.${topic}.subscription.${policy}`);
}

/**
 * Looks at the values of all `qos_overrides` that a node is given, before it makes anything: rclnodejs would throw in the middle of a
 * publisher, or of the transition that makes a subscription.
 * @throws ExpectedError `usage` for a value that cannot be
 */
export function checkQosOverrides(node: RclNode): void {
  for (const { name, type, value } of node.getParameterOverrides()) {
    const policy = NAME.exec(name)?.groups?.policy;
    if (policy === undefined) continue;
    const choices = CHOICES[policy];
    const fits =
      choices !== undefined
        ? type === PARAMETER_TYPE.string && choices.includes(value as string)
        : policy !== 'depth' ||
          (type === PARAMETER_TYPE.integer && (value as bigint) >= 0n && (value as bigint) < 2n ** 31n);
    if (fits) continue;
    throw new ExpectedError(
      'usage',
      `parameter ${name} cannot be ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
      choices ? `it is one of ${choices.join(', ')}` : 'it is the number of messages that may wait, 0 or more',
    );
  }
}
