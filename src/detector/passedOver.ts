import type { ProviderAttempt } from './providerCheck.js';

/** Longest part of a runtime's message that is repeated. */
const LONGEST_DETAIL = 200;

const OUTCOMES = {
  lost: 'was lost while it ran',
  refused: 'does not agree with the CPU',
  unavailable: 'could not be used',
} as const;

/** Why the preferred providers are not the one in use, for people; undefined where the first choice is in use. */
export function passedOver(attempts: readonly ProviderAttempt[]): string | undefined {
  const reasons = attempts.flatMap(({ provider, outcome, detail }) =>
    outcome === 'used' ? [] : [`${provider} ${OUTCOMES[outcome]} (${firstLine(detail)})`],
  );
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, LONGEST_DETAIL);
}
