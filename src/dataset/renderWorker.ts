import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { encodePng } from './png.js';
import { Drive, type View } from './drive.js';
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
  const views = current.drive.render(job.time, job.frame);
  return Promise.all(views.map((view) => write(view, job)));
}

async function write(view: View, job: RenderJob): Promise<RenderedView> {
  const { width, height, channels, data } = view.picture;
  const bits = job.depth === 16 && view.spectrum !== 'rgb' ? 16 : 8;
  const pixels = bits === 16 ? data : toEightBit(view.picture);
  const file = path.join(root, job.split, view.spectrum, 'images', `${job.id}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, encodePng(width, height, channels, pixels));
  const objects = view.objects.map((object) => ({
    ...object,
    mask: encodeMask(view.instances, width, height, view.tracks.indexOf(object.track) + 1, object.box),
  }));
  return { spectrum: view.spectrum, width, height, objects };
}
