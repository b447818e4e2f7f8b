import { mkdir } from 'node:fs/promises';
import { openExplainer } from '../run/explainerPool.js';
import { outputError } from '../../outputError.js';
import { packError } from '../../workers/sentError.js';
import { BandModels } from './bandModels.js';
import { explainFrame, type ExplainProgress } from './explainFrame.js';
import { ExplainFiles } from './explanationFiles.js';
import type { FrameExplainerAnswer, FrameExplainerRequest, FrameExplainerSetup } from './frameExplainerProtocol.js';
import { overlayJpeg } from './pictures.js';
import { prepareFrame } from './prepareFrame.js';

/** Entry point of the process that FrameExplainer starts: explains images, one after another. */

let begun: { readonly setup: FrameExplainerSetup; readonly models: BandModels } | undefined;

// Ctrl-C reaches the whole process group; the parent decides.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
process.on('message', (request: FrameExplainerRequest) => {
  if (request.kind === 'start') {
    const { workers, threads, providers } = request.setup.config.execution;
    const options = { providers, ...(workers !== undefined && { workers }), ...(threads !== undefined && { threads }) };
    begun = { setup: request.setup, models: new BandModels(request.setup.config, openExplainer, options) };
  } else
    explain(request).then(tell, (error: unknown) => {
      tell({ kind: 'trouble', error: packError(error) });
    });
});

function tell(answer: FrameExplainerAnswer): void {
  process.send?.(answer);
}

async function explain({
  source,
  folder,
}: Extract<FrameExplainerRequest, { kind: 'explain' }>): Promise<FrameExplainerAnswer> {
  if (!begun) throw new Error('an image came before the set-up');
  const { setup, models } = begun;
  const { config, settings, seed, mostBoxes } = setup;
  const startedMs = performance.now();
  const prepared = await prepareFrame(models, source, { boxes: { most: mostBoxes }, settings, seed });
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw outputError(folder, error);
  });
  let last: ExplainProgress | undefined;
  for await (const partial of explainFrame(prepared.explainer, prepared.work)) {
    last = partial;
    tell({ kind: 'progress', passes: partial.passes, plannedPasses: partial.plannedPasses });
  }
  const numbers = prepared.work.targets.map((_, i) => i + 1);
  const files = new ExplainFiles(folder, source, prepared, numbers, config.pictures);
  await files.write(last, { interrupted: false, seconds: (performance.now() - startedMs) / 1000 });
  const explanations = last?.explanations ?? [];
  const overlay = overlayJpeg(prepared.pixels, explanations, config.pictures);
  return { kind: 'explained', explanations, overlay };
}
