import '../../../src/detector/noTelemetry.js';
import path from 'node:path';
import { Random } from '../../scenes/random.js';
import type { WorkerClient } from '../../../src/workers/workerClient.js';
import { pictureKey } from '../plan.js';
import { type ResumableOutcome, runResumable, type RunOptions } from '../resumable.js';
import { readPicture } from '../run.js';
import { plannedKey, type TrustPicture, type TrustPlan } from './plan.js';
import { TRUST_JOURNAL, type TrustRecord } from './record.js';
import type { TrustAnswer, TrustRequest, TrustWorkerSetup } from './trustWorker.js';

/** What a live pass takes, in passes of the whole network: measured, see docs/performance.md. */
const LIVE_PASS = 0.16;
/** What detection, Grad-CAM and the backbones of live masks take. */
const FIRST_LOOK = 3;

/**
 * Measures every detection of the plan's pictures; progress counts passes of the whole network. Every record depends on the plan alone.
 * @throws ExpectedError as runResumable, `input` for a picture that cannot be read, and what the workers throw
 */
export function runTrust(plan: TrustPlan, options: RunOptions): Promise<ResumableOutcome<TrustRecord>> {
  const { folder, workers, signal, onProgress } = options;
  const setup: TrustWorkerSetup = {
    settings: plan.settings,
    manifestPaths: plan.networks.map(({ manifestPath }) => manifestPath),
  };
  const work = (pictures: readonly TrustPicture[]): number =>
    Math.round(pictures.reduce((sum, picture) => sum + workOf(plan, picture), 0));
  const total = work(plan.pictures);
  return runResumable<TrustPicture, TrustRequest, TrustAnswer, TrustRecord>({
    journal: { file: path.join(folder, 'journal.jsonl'), identity: plan.identity, kind: TRUST_JOURNAL },
    script: new URL('./trustWorker.js', import.meta.url),
    name: 'detection study worker',
    workerData: () => Promise.resolve(setup),
    workers,
    tasks: plan.pictures,
    taskKey: (picture) => plannedKey(plan, picture),
    entryKey: ({ network, spectrum, image }) => pictureKey(network, spectrum, image),
    work: (client, picture) => measure(client, plan, picture),
    close: { kind: 'close' },
    signal,
    onProgress: (done) => onProgress?.(work(done), total),
  });
}

function workOf({ settings }: TrustPlan, { full }: TrustPicture): number {
  const { liveMasks, masks, survivalMasks } = settings;
  return FIRST_LOOK + (liveMasks + survivalMasks) * LIVE_PASS + (full ? masks + survivalMasks : 0);
}

async function measure(
  client: WorkerClient<TrustRequest, TrustAnswer>,
  { settings, networks }: TrustPlan,
  { network, spectrum, image, full }: TrustPicture,
): Promise<TrustRecord> {
  const seed = new Random(settings.seed, `${spectrum}/${image.id}`).bits();
  const task = { ...(await readPicture(image)), seed, full };
  const measured = await client.call({ kind: 'measure', network, task });
  if (!measured) throw new Error(`${client.options.name} did not answer`);
  return { network: networks[network].manifest.name, spectrum, image: image.id, ...measured };
}
