import path from 'node:path';
import { writeOutput } from '../../src/files/atomicWrite.js';
import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { CLASSES } from './classes.js';
import { type DatasetLayout, imageFile, splitFile, vocFile, type Viewpoint } from './layouts.js';
import type { RenderJob, RenderedView } from './renderJobs.js';
import { formatVoc } from './vocXml.js';

/** A rendered moment: what was asked for, and the truth in each spectrum. */
export interface RenderResult {
  readonly job: RenderJob;
  readonly views: readonly RenderedView[];
}

/** Writes the truth of what was rendered so far in the layout's form; a file is whole or not there. */
export async function writeAnnotations(
  root: string,
  layout: DatasetLayout,
  splits: readonly string[],
  results: readonly RenderResult[],
): Promise<void> {
  const ordered = [...results].sort((a, b) => (a.job.id < b.job.id ? -1 : 1));
  for (const split of splits) {
    const own = ordered.filter(({ job }) => job.split === split);
    for (const spectrum of SPECTRA) {
      if (layout === 'coco') {
        await writeOutput(path.join(root, split, spectrum, 'annotations.json'), JSON.stringify(cocoOf(spectrum, own)));
        continue;
      }
      for (const viewpoint of layout === 'mil' ? (['raw', 'registered'] as const) : (['raw'] as const)) {
        await writeVocFiles(root, layout, spectrum, viewpoint, own);
      }
      await writeOutput(
        path.join(root, splitFile(layout, split, spectrum)),
        own.map(({ job }) => `${job.id}\n`).join(''),
      );
    }
  }
}

/** One XML file a picture. In a registered view the boxes are the RGB camera's; what is marked `ignore` becomes `difficult`. */
async function writeVocFiles(
  root: string,
  layout: DatasetLayout,
  spectrum: Spectrum,
  viewpoint: Viewpoint,
  results: readonly RenderResult[],
): Promise<void> {
  const seenBy = viewpoint === 'registered' ? 'rgb' : spectrum;
  for (const { job, views } of results) {
    const view = views.find((v) => v.spectrum === seenBy);
    const place = { layout, split: job.split, spectrum, viewpoint };
    const file = vocFile(place, job.id);
    if (!view || file === undefined) continue;
    const { width, height, objects } = view;
    const xml = formatVoc({
      fileName: path.posix.basename(imageFile(place, job.id)),
      width,
      height,
      depth: spectrum === 'rgb' ? 3 : 1,
      objects: objects.map(({ label, box, ignore }) => ({
        name: label,
        box,
        difficult: ignore,
        truncated: box.x1 === 0 || box.y1 === 0 || box.x2 === width || box.y2 === height,
      })),
    });
    await writeOutput(path.join(root, file), xml);
  }
}

function cocoOf(spectrum: Spectrum, results: readonly RenderResult[]): object {
  const images: object[] = [];
  const annotations: object[] = [];
  results.forEach(({ job, views }, index) => {
    const view = views.find((v) => v.spectrum === spectrum);
    if (!view) return;
    images.push({
      id: index + 1,
      file_name: `images/${job.id}.png`,
      width: view.width,
      height: view.height,
      time: job.drive.night ? 'night' : 'day',
      drive: job.drive.seed,
      frame: job.frame,
    });
    for (const { box, classIndex, pixels, visibility, ignore, mask, track } of view.objects) {
      annotations.push({
        id: annotations.length + 1,
        image_id: index + 1,
        category_id: classIndex + 1,
        bbox: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
        area: pixels,
        iscrowd: 0,
        ignore: ignore ? 1 : 0,
        visibility: Math.round(visibility * 1000) / 1000,
        track,
        segmentation: mask,
      });
    }
  });
  return {
    info: { description: 'Generated four-spectrum street scenes', spectrum },
    images,
    annotations,
    categories: CLASSES.map((name, i) => ({ id: i + 1, name })),
  };
}
