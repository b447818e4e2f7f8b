import { inFolder } from './bagTools.js';
import { CASE_KINDS, DamageCases, type CaseKind } from './damageCases.js';

/**
 * `node dist/test/bag/runDamageCases.js KIND FIRST COUNT`: reads so many damaged copies, seeds FIRST to FIRST + COUNT − 1, in
 * a process of its own and prints what it took as one line of JSON.
 */
const [kind, first, count] = process.argv.slice(2);
if (!CASE_KINDS.includes(kind as CaseKind)) throw new Error(`KIND is one of ${CASE_KINDS.join(', ')}`);
await inFolder(async (folder) => {
  const cases = await DamageCases.make(kind as CaseKind, folder);
  const slowest = { seed: 0, cpuMs: 0 };
  const failures: string[] = [];
  let messages = 0;
  let refused = 0;
  for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
    process.send?.({ seed });
    try {
      const outcome = await cases.run(seed);
      messages += outcome.messages;
      if (outcome.messages === 0) refused += 1;
      if (outcome.cpuMs > slowest.cpuMs) Object.assign(slowest, { seed, cpuMs: outcome.cpuMs });
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    JSON.stringify({ kind, first: Number(first), count: Number(count), messages, refused, slowest, peakMiB, failures }),
  );
});
