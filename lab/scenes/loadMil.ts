import path from 'node:path';
import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { type LabelledImage, SkipReport } from './labelled.js';
import { loadCoco } from './loadCoco.js';
import { loadVoc } from './loadVoc.js';
import { Random } from './random.js';

/**
 * Where a copy of the study's data set keeps things. Patterns are relative to its folder; `{spectrum}` stands for the band's
 * own name. Copies differ: give the patterns of yours.
 */
export interface MilLayout {
  /** Folder of a band's pictures. */
  readonly images: string;
  /** Folder of its VOC files, or its COCO file (a pattern that ends in `.json`). */
  readonly annotations: string;
  /** How the folders name the bands, where that is not rgb, nir, mir, fir. */
  readonly spectrumNames?: Partial<Readonly<Record<Spectrum, string>>>;
  /** Class names in order, where they are not the study's spelling. */
  readonly classes?: readonly string[];
}

/** As `msal scenes --layout mil` writes it. */
export const MIL_LAYOUT: MilLayout = { images: 'raw/{spectrum}/images', annotations: 'raw/{spectrum}/annotations' };

/** The pictures of one moment, one a band. */
export interface LabelledSet {
  readonly id: string;
  readonly views: Readonly<Partial<Record<Spectrum, LabelledImage>>>;
}

/**
 * Reads the study's data set, or a copy with another layout. A moment is kept when at least one band has it; the bands that
 * lack it are reported.
 * @throws ExpectedError `input` where a band's folder or COCO file cannot be read
 */
export async function loadMil(
  root: string,
  layout: MilLayout = MIL_LAYOUT,
  spectra: readonly Spectrum[] = SPECTRA,
): Promise<{ sets: LabelledSet[]; report: SkipReport }> {
  const report = new SkipReport();
  const sets = new Map<string, Partial<Record<Spectrum, LabelledImage>>>();
  const classes = layout.classes && { classes: layout.classes };
  for (const spectrum of spectra) {
    const name = layout.spectrumNames?.[spectrum] ?? spectrum;
    const place = (pattern: string): string => path.join(root, pattern.replaceAll('{spectrum}', name));
    const images = place(layout.images);
    const annotations = place(layout.annotations);
    const loaded = annotations.endsWith('.json')
      ? await loadCoco(annotations, { imageFolder: images, spectrum, ...classes })
      : await loadVoc({ images, annotations, spectrum, ...classes });
    for (const { reason, count, examples } of loaded.report.entries()) {
      for (let i = 0; i < count; i++) report.add(reason, examples[i] ?? '');
    }
    for (const image of loaded.images) sets.set(image.id, { ...sets.get(image.id), [spectrum]: image });
  }
  const ordered = [...sets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, views]) => ({ id, views }));
  for (const { id, views } of ordered) {
    for (const spectrum of spectra) if (!views[spectrum]) report.add('missing band', `${id}: ${spectrum}`);
  }
  return { sets: ordered, report };
}

/**
 * Splits by a seed, test : train = 1 : 4 as in the study unless told otherwise. Neither the order of `items` nor what else
 * is among them decides where an item goes beyond its rank among all hashes of id and seed.
 */
export function splitSeeded<T extends { readonly id: string }>(
  items: readonly T[],
  seed: number,
  testShare = 0.2,
): { train: T[]; test: T[] } {
  const ranked = items
    .map((item) => ({ item, rank: new Random(seed, item.id).bits() }))
    .sort((a, b) => a.rank - b.rank || (a.item.id < b.item.id ? -1 : 1));
  const count = Math.round(items.length * testShare);
  const test = new Set(ranked.slice(0, count).map(({ item }) => item));
  return { train: items.filter((item) => !test.has(item)), test: items.filter((item) => test.has(item)) };
}
