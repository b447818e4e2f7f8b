import path from 'node:path';
import { presetSettings } from '../../../../src/explain/settings.js';
import { BandModels } from '../../../../src/explain/frame/bandModels.js';
import { CpuBudget } from '../../../../src/explain/queue/cpuBudget.js';
import { ExplainLoop } from '../../../../src/explain/queue/explainLoop.js';
import { parseConfig } from '../../../../src/perception/config.js';
import { TINY_LOG_CONFIG } from '../../../frameLog/frameLogs.js';
import { openTestExplainer } from '../../frame/gradCamExplainer.js';

/** Explains a frame log until it is killed, or comes to the set that it is told to die of; says `explained <set> <band>` when a result is there, and `totals …` when nothing waits. */
const [folder = '', poison] = process.argv.slice(2);
const loop: ExplainLoop = new ExplainLoop(
  {
    frameLogFolder: folder,
    resultsFolder: path.join(folder, 'explained'),
    resultBytes: 1e9,
    order: 'newest-first',
    maxWaiting: 1000,
    pollSeconds: 0.05,
  },
  {
    parameters: () => ({
      settings: presetSettings('grad-cam'),
      seed: 7,
      maxBoxes: 10,
      cores: 1000,
      framesPerMinute: 1e9,
      style: { overlayOpacity: 0.6, colorMap: 'inferno', jpegQuality: 80 },
    }),
    mayGoOn: () => {
      if (poison !== undefined && loop.state.inWork?.set === poison) process.kill(process.pid, 'SIGKILL');
      return Promise.resolve();
    },
    onExplained: ({ set, image }) => say(`explained ${set} ${image.spectrum}`),
    onTrouble: (message) => say(`trouble ${message}`),
  },
  new BandModels(
    parseConfig(TINY_LOG_CONFIG, 'test'),
    (manifest) => openTestExplainer(manifest, {}, { count: 3, milliseconds: 5 }),
    {},
  ),
  new CpuBudget(),
);
setInterval(() => {
  if (loop.state.waiting === 0 && loop.state.inWork === undefined) say(`totals ${JSON.stringify(loop.state.totals)}`);
}, 100);
await loop.run(new AbortController().signal);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
