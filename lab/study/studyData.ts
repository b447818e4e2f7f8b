import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LabelledImage, SkipReport } from '../scenes/labelled.js';
import { loadCoco } from '../scenes/loadCoco.js';
import { loadMil, splitSeeded } from '../scenes/loadMil.js';
import { Random } from '../scenes/random.js';
import { ExpectedError } from '../../src/errors.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';

/** Test pictures by spectrum. */
export type StudyData = ReadonlyMap<Spectrum, readonly LabelledImage[]>;

/** The study's split of its data set, one to four, is not published: this one is drawn from this seed. */
const SPLIT_SEED = 1;

/**
 * Test pictures of a data set: `<root>/<spectrum>/annotations.json` or `<root>/test/<spectrum>/annotations.json` as `msal scenes`
 * writes them, all of them; or the study's own data set in the `mil` layout, of which a fifth is drawn.
 * @throws ExpectedError `input` where it is neither
 */
export async function loadStudyData(root: string): Promise<{ data: StudyData; reports: readonly SkipReport[] }> {
  const folder = existsSync(path.join(root, 'test')) ? path.join(root, 'test') : root;
  const found = SPECTRA.filter((spectrum) => existsSync(path.join(folder, spectrum, 'annotations.json')));
  if (found.length > 0) {
    const loaded = await Promise.all(
      found.map(async (spectrum) => ({
        spectrum,
        ...(await loadCoco(path.join(folder, spectrum, 'annotations.json'), { spectrum })),
      })),
    );
    return {
      data: new Map(loaded.map(({ spectrum, images }) => [spectrum, images])),
      reports: loaded.map(({ report }) => report),
    };
  }
  if (existsSync(path.join(root, 'raw'))) {
    const { sets, report } = await loadMil(root);
    const { test } = splitSeeded(sets, SPLIT_SEED);
    const views = (spectrum: Spectrum): LabelledImage[] =>
      test.flatMap(({ views: { [spectrum]: view } }) => view ?? []);
    return {
      data: new Map(
        SPECTRA.map((spectrum) => [spectrum, views(spectrum)] as const).filter(([, list]) => list.length > 0),
      ),
      reports: [report],
    };
  }
  throw new ExpectedError(
    'input',
    `${root} holds neither <spectrum>/annotations.json nor raw/<spectrum>/`,
    'give the folder that `msal scenes` wrote, its test folder, or the study’s data set in the mil layout',
  );
}

/**
 * The pictures to measure: the first `count` by a hash of seed and id, so that all spectra show the same moments and a larger
 * count keeps those of a smaller one. Of pictures with one id the first counts.
 */
export function choosePictures(images: readonly LabelledImage[], count: number, seed: number): LabelledImage[] {
  const first = new Map(images.toReversed().map((image) => [image.id, image]));
  return [...first.values()]
    .map((image) => ({ image, rank: new Random(seed, `pick ${image.id}`).bits() }))
    .sort((a, b) => a.rank - b.rank || (a.image.id < b.image.id ? -1 : 1))
    .slice(0, count)
    .map(({ image }) => image);
}
