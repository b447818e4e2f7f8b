import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { parseConfig } from '../../src/perception/config.js';
import { replay } from '../../src/replay/replay.js';
import { SPECTRA } from '../../src/spectrum.js';

/** Replays a bag and prints the megabytes resident after each tenth of its frames, as JSON. */
const [bag, output] = process.argv.slice(2);
const model = path.join(packageRoot, 'test/fixtures/efficientdet-tiny.json');
const config = parseConfig(
  JSON.stringify({
    cameras: Object.fromEntries(SPECTRA.map((spectrum) => [spectrum, { model }])),
    detection: { scoreThreshold: 0, iouThreshold: 1, maxDetections: 10 },
    execution: { mode: 'throughput' },
  }),
  'bench',
);
const megabytes: number[] = [];
await mkdir(output, { recursive: true });
await replay(
  { bag, output, config, maps: true },
  {
    onProgress: (done, total) => {
      while (megabytes.length < 10 && done / total >= (megabytes.length + 1) / 10)
        megabytes.push(process.memoryUsage.rss() / 1e6);
    },
  },
);
if (megabytes.length < 10) throw new Error(`the replay ended after ${String(10 * megabytes.length)} % of its frames`);
process.stdout.write(JSON.stringify(megabytes));
