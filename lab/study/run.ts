import '../../src/detector/noTelemetry.js';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LabelledImage } from '../scenes/labelled.js';
import { Random } from '../scenes/random.js';
import { ExpectedError, reasonOf } from '../../src/errors.js';
import { decodeImage } from '../../src/images/decode.js';
import type { WorkerClient } from '../../src/workers/workerClient.js';
import type { SourcePixels } from './networkBench.js';
import { pictureKey, type PlannedPicture, type StudyPlan } from './plan.js';
import { type ResumableOutcome, runResumable, type RunOptions } from './resumable.js';
import { STUDY_JOURNAL, type StudyRecord } from './record.js';
import { writeShuffledModel } from './shuffledModel.js';
import type { StudyAnswer, StudyRequest, StudyWorkerSetup } from './studyWorker.js';

type Client = WorkerClient<StudyRequest, StudyAnswer>;

/**
 * Measures what the journal does not have yet, one picture a worker at a time. Every record depends on the plan alone.
 * @throws ExpectedError as runResumable, `input` for a picture that cannot be read, and what the workers throw
 */
export function runStudy(plan: StudyPlan, options: RunOptions): Promise<ResumableOutcome<StudyRecord>> {
  const { folder, workers, signal, onProgress } = options;
  return runResumable<PlannedPicture, StudyRequest, StudyAnswer, StudyRecord>({
    journal: { file: path.join(folder, 'journal.jsonl'), identity: plan.identity, kind: STUDY_JOURNAL },
    script: new URL('./studyWorker.js', import.meta.url),
    name: 'study worker',
    workerData: () => workerSetup(plan, folder),
    workers,
    tasks: plan.pictures,
    taskKey: (picture) => plannedKey(plan, picture),
    entryKey: ({ network, spectrum, image }) => pictureKey(network, spectrum, image),
    work: (client, planned) => measure(client, plan, planned),
    close: { kind: 'close' },
    signal,
    onProgress: (done) => onProgress?.(done.length, plan.pictures.length),
  });
}

async function workerSetup({ settings, networks }: StudyPlan, folder: string): Promise<StudyWorkerSetup> {
  const entries: StudyWorkerSetup['networks'][number][] = [];
  for (const { manifestPath } of networks) {
    if (!settings.randomised) entries.push({ manifestPath });
    else {
      const shuffledPath = await writeShuffledModel(manifestPath, path.join(folder, 'shuffled'), settings.seed);
      entries.push({ manifestPath, shuffledPath });
    }
  }
  return { settings, networks: entries };
}

async function measure(client: Client, plan: StudyPlan, planned: PlannedPicture): Promise<StudyRecord> {
  const { image, spectrum, network, keepMaps } = planned;
  const picture = await readPicture(image);
  const seed = new Random(plan.settings.seed, `${spectrum}/${image.id}`).bits();
  const task = { ...picture, objects: image.objects, seed, keepMaps };
  const measured = await client.call({ kind: 'measure', network, task });
  const identity = {
    network: plan.networks[network].manifest.name,
    spectrum,
    image: image.id,
    group: image.drive ?? image.id,
    ...(image.time && { time: image.time }),
  };
  return measured ? { outcome: 'measured', ...identity, ...measured } : { outcome: 'no target', ...identity };
}

/** A data set's picture as RGB; grey is tripled. @throws ExpectedError `input` */
export async function readPicture({ file }: LabelledImage): Promise<SourcePixels> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = reasonOf(error);
    throw new ExpectedError('input', `cannot read ${file}: ${reason}`, 'check the data set', { cause: error });
  }
  const format = path.extname(file).slice(1).toLowerCase().replace('jpg', 'jpeg');
  const { width, height, channels, data } = decodeImage({ kind: 'compressed', format, data: bytes });
  const size = { width, height };
  if (channels === 3) return { pixels: data, size };
  return { pixels: Uint8Array.from({ length: 3 * width * height }, (_, i) => data[Math.floor(i / 3)]), size };
}

function plannedKey(plan: StudyPlan, { network, spectrum, image }: PlannedPicture): string {
  return pictureKey(plan.networks[network].manifest.name, spectrum, image.id);
}
