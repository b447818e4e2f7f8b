import { mkdir, rm } from 'node:fs/promises';
import { defaultConfig } from '../../src/perception/config.js';
import { PerceptionPipeline } from '../../src/perception/perception.js';
import { replay } from '../../src/replay/replay.js';

/** Prints megabytes as JSON: with a bag and a folder the peak of its replay, without what is resident when the live path is ready. */
const [bag, output] = process.argv.slice(2);
if (bag !== undefined && output !== undefined) {
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  await replay({ bag, output, config: defaultConfig('throughput') });
  process.stdout.write(JSON.stringify(process.resourceUsage().maxRSS / 1024));
} else {
  const pipeline = await PerceptionPipeline.open(defaultConfig('latency'));
  process.stdout.write(JSON.stringify(process.memoryUsage.rss() / 1024 / 1024));
  await pipeline.close();
}
