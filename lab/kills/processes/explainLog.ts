import path from 'node:path';
import { BandModels } from '../../../src/explain/frame/bandModels.js';
import { CpuBudget } from '../../../src/explain/queue/cpuBudget.js';
import { ExplainLoop } from '../../../src/explain/queue/explainLoop.js';
import { openExplainer } from '../../../src/explain/run/explainerPool.js';
import { parseExplainSettings, presetSettings, withPasses } from '../../../src/explain/settings.js';
import { parseConfig } from '../../../src/perception/config.js';
import { TINY_LOG_CONFIG } from '../../../test/frameLog/frameLogs.js';

/** Explains a frame log with the tiny network until it is killed; says `idle <totals>` when nothing waits. */
const [folder = ''] = process.argv.slice(2);
const rise = presetSettings('rise');
const settings = 'passes' in rise ? parseExplainSettings(withPasses(rise, 40), 'kills') : rise;
const loop = new ExplainLoop(
  {
    frameLogFolder: folder,
    resultsFolder: path.join(folder, 'explained'),
    resultBytes: 1e9,
    order: 'newest-first',
    maxWaiting: 100_000,
    pollSeconds: 0.05,
  },
  {
    parameters: () => ({
      settings,
      seed: 7,
      maxBoxes: 10,
      cores: 1000,
      framesPerMinute: 1e9,
      style: { overlayOpacity: 0.6, colorMap: 'inferno', jpegQuality: 80 },
    }),
    mayGoOn: () => Promise.resolve(),
    onExplained: () => undefined,
    onTrouble: (message) => void process.stderr.write(`${message}\n`),
  },
  new BandModels(parseConfig(TINY_LOG_CONFIG, 'kills'), openExplainer, { workers: 1, threads: 1 }),
  new CpuBudget(),
);
setInterval(() => {
  const { waiting, inWork, totals } = loop.state;
  const known = Object.values(totals).reduce((sum, count) => sum + count, 0);
  if (waiting === 0 && inWork === undefined && known > 0) process.stdout.write(`idle ${JSON.stringify(totals)}\n`);
}, 100);
await loop.run(new AbortController().signal);
