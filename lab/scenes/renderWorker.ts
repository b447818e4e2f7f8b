import { open } from 'node:fs/promises';
import path from 'node:path';
import { writeOutput } from '../../src/files/atomicWrite.js';
import { workerData } from 'node:worker_threads';
import { encodePng } from './png.js';
import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { Drive, type DriveOptions, type TruthView, type View } from './drive.js';
import { imageFile, type Viewpoint } from './layouts.js';
import { registerToRgb } from './registration.js';
import { toEightBit } from './render/sensor.js';
import type { PictureJob, PictureReply, RenderJob, RenderedView } from './renderJobs.js';
import type { WorkerSetup } from './renderThread.js';
import { encodeMask } from './runLength.js';
import { serve } from '../../src/workers/workerServer.js';

/** A render thread: answers one job at a time with its truth and, as asked, files or pictures. */
const { root = '.' } = workerData as WorkerSetup;

serve<RenderJob | PictureJob, RenderedView[] | PictureReply[]>(async (job) => {
  if (job.kind === 'files') return { value: await toFiles(job) };
  const pictures = toPictures(job);
  return { value: pictures, transfer: pictures.map(({ data }) => data.buffer) };
});

let current: { key: string; drive: Drive } | undefined;

function driveOf(options: DriveOptions): Drive {
  const key = JSON.stringify(options);
  if (current?.key !== key) current = { key, drive: new Drive(options) };
  return current.drive;
}

function toPictures(job: PictureJob): PictureReply[] {
  return driveOf(job.drive)
    .render(job.time, job.frame, job.spectra)
    .map(({ spectrum, picture, objects }) => {
      const { width, height, channels } = picture;
      const depth = spectrum === 'rgb' ? 8 : job.depth;
      const samples = depth === 16 ? picture.data : toEightBit(picture);
      const pixels = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
      const data = job.png ? new Uint8Array(encodePng(width, height, channels, samples)) : pixels;
      return { spectrum, width, height, channels, depth, data, objects };
    });
}

async function toFiles(job: RenderJob): Promise<RenderedView[]> {
  const drive = driveOf(job.drive);
  // A picture that an interrupted run has finished need not be drawn again: the same job gives the same bytes.
  const done = await Promise.all(filesOf(job).map(isComplete));
  if (done.every(Boolean)) return drive.truth(job.time).map(describe);
  const views = drive.render(job.time, job.frame);
  await Promise.all(views.flatMap((view) => viewpointsOf(job).map((viewpoint) => write(view, job, viewpoint))));
  return views.map(describe);
}

function viewpointsOf({ layout }: RenderJob): readonly Viewpoint[] {
  return layout === 'mil' ? ['raw', 'registered'] : ['raw'];
}

function filesOf(job: RenderJob): string[] {
  return SPECTRA.flatMap((spectrum) => viewpointsOf(job).map((viewpoint) => fileOf(job, spectrum, viewpoint)));
}

function fileOf({ layout, split, id }: RenderJob, spectrum: Spectrum, viewpoint: Viewpoint): string {
  return path.join(root, imageFile({ layout, split, spectrum, viewpoint }, id));
}

async function write(view: View, job: RenderJob, viewpoint: Viewpoint): Promise<void> {
  const { spectrum } = view;
  const picture = viewpoint === 'registered' ? registerToRgb(spectrum, view.picture) : view.picture;
  const { width, height, channels, data } = picture;
  const pixels = job.depth === 16 && spectrum !== 'rgb' ? data : toEightBit(picture);
  const file = fileOf(job, spectrum, viewpoint);
  await writeOutput(file, encodePng(width, height, channels, pixels));
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
