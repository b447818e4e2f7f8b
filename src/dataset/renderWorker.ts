import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { encodePng } from './png.js';
import { type Spectrum, SPECTRA } from '../spectrum.js';
import { Drive, type TruthView, type View } from './drive.js';
import { toEightBit } from './render/sensor.js';
import type { RenderJob, RenderedView } from './renderPool.js';
import { encodeMask } from './runLength.js';

/** Renders the moments of one drive after another, writes their PNG files and reports their truth. */
const { root } = workerData as { root: string };

parentPort?.on('message', (job: RenderJob) => {
  void render(job).then(
    (views) => parentPort?.postMessage({ views }),
    (error: unknown) =>
      parentPort?.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

let current: { key: string; drive: Drive } | undefined;

async function render(job: RenderJob): Promise<RenderedView[]> {
  const key = JSON.stringify(job.drive);
  if (current?.key !== key) current = { key, drive: new Drive(job.drive) };
  const { drive } = current;
  // A picture that an interrupted run has finished need not be drawn again: the same job gives the same bytes.
  const done = await Promise.all(SPECTRA.map((spectrum) => isComplete(fileOf(job, spectrum))));
  if (done.every(Boolean)) return drive.truth(job.time).map(describe);
  const views = drive.render(job.time, job.frame);
  await Promise.all(views.map((view) => write(view, job)));
  return views.map(describe);
}

function fileOf(job: RenderJob, spectrum: Spectrum): string {
  return path.join(root, job.split, spectrum, 'images', `${job.id}.png`);
}

async function write({ spectrum, picture }: View, job: RenderJob): Promise<void> {
  const { width, height, channels, data } = picture;
  const pixels = job.depth === 16 && spectrum !== 'rgb' ? data : toEightBit(picture);
  const file = fileOf(job, spectrum);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, encodePng(width, height, channels, pixels));
}

/** True where a PNG file ends as it should. */
async function isComplete(file: string): Promise<boolean> {
  const tail = Buffer.alloc(8);
  const handle = await open(file).catch(() => undefined);
  if (!handle) return false;
  try {
    const { size } = await handle.stat();
    if (size < 64) return false;
    await handle.read(tail, 0, 8, size - 8);
    return tail.toString('latin1', 0, 4) === 'IEND';
  } finally {
    await handle.close();
  }
}

function describe({ spectrum, width, height, objects, instances, tracks }: TruthView): RenderedView {
  const masked = objects.map((object) => ({
    ...object,
    mask: encodeMask(instances, width, height, tracks.indexOf(object.track) + 1, object.box),
  }));
  return { spectrum, width, height, objects: masked };
}
