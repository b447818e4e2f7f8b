import { createHash } from 'node:crypto';
import type { LabelledImage } from '../../scenes/labelled.js';
import { readModelFiles, type ModelManifest } from '../../../src/detector/manifest.js';
import { ExpectedError } from '../../../src/errors.js';
import type { FusionConfig } from '../../../src/fusion/fusionSchema.js';
import type { Spectrum } from '../../../src/spectrum.js';
import { pictureKey } from '../plan.js';
import { choosePictures, type StudyData } from '../studyData.js';
import type { TrustSettings } from './settings.js';

/** A network and the one spectrum that it sees. */
export interface TrustNetwork {
  readonly manifestPath: string;
  readonly manifest: ModelManifest;
  readonly spectrum: Spectrum;
}

export interface TrustPicture {
  /** Index among the plan's networks. */
  readonly network: number;
  readonly spectrum: Spectrum;
  readonly image: LabelledImage;
  /** Whether masks pass through the whole network too. */
  readonly full: boolean;
}

export interface TrustPlan {
  readonly settings: TrustSettings;
  /** How the boxes of the spectra come into one view. */
  readonly fusion: FusionConfig;
  readonly networks: readonly TrustNetwork[];
  /** Network by network; results are always in this order. */
  readonly pictures: readonly TrustPicture[];
  /** SHA-256 of everything that the results depend on. */
  readonly identity: string;
}

/**
 * Plans one network for each spectrum on all of its pictures; pictures of one id show one moment. Networks without pictures are left
 * out.
 * @throws ExpectedError `model` for an unreadable network, `input` where nothing is left, `usage` for networks of several spectra or of
 *   the same one
 */
export async function planTrust(
  data: StudyData,
  manifestPaths: readonly string[],
  settings: TrustSettings,
  fusion: FusionConfig,
): Promise<TrustPlan> {
  const networks: TrustNetwork[] = [];
  for (const manifestPath of manifestPaths) {
    const { manifest } = await readModelFiles(manifestPath);
    const [spectrum, ...others] = manifest.spectra;
    const remedy = 'name one network for each spectrum with --networks';
    if (others.length > 0)
      throw new ExpectedError('usage', `${manifest.name} is a network for ${manifest.spectra.join(' and ')}`, remedy);
    if (networks.some((network) => network.spectrum === spectrum))
      throw new ExpectedError('usage', `two networks are for ${spectrum}`, remedy);
    if ((data.get(spectrum)?.length ?? 0) > 0) networks.push({ manifestPath, manifest, spectrum });
  }
  const pictures = networks.flatMap(({ spectrum }, network) => {
    const images = firstOfEachId(data.get(spectrum) ?? []);
    const full = new Set(choosePictures(images, settings.fullPictures, settings.seed));
    return images.map((image): TrustPicture => ({ network, spectrum, image, full: full.has(image) }));
  });
  if (pictures.length === 0)
    throw new ExpectedError(
      'input',
      `none of the networks is for a spectrum that the data set has (${[...data.keys()].join(', ')})`,
      'name networks for these spectra with --networks',
    );
  return { settings, fusion, networks, pictures, identity: identityOf(settings, fusion, networks, pictures) };
}

/** Names a picture of the plan as pictureKey names that of a record. */
export function plannedKey({ networks }: TrustPlan, { network, spectrum, image }: TrustPicture): string {
  return pictureKey(networks[network].manifest.name, spectrum, image.id);
}

/** What resembles each other: the pictures of a drive, of all its cameras. */
export function groupOf({ drive, id }: LabelledImage): string {
  return drive ?? id;
}

function firstOfEachId(images: readonly LabelledImage[]): LabelledImage[] {
  return [...new Map(images.toReversed().map((image) => [image.id, image])).values()].reverse();
}

function identityOf(
  settings: TrustSettings,
  fusion: FusionConfig,
  networks: readonly TrustNetwork[],
  pictures: readonly TrustPicture[],
): string {
  const shown = pictures.map(({ network, full, image: { id, width, height, time, drive, frame, objects } }) => {
    const truth = objects.map(({ label, box, ignore, crowd }) => [label, box, ignore, crowd]);
    return [network, full, id, width, height, time, drive, frame, truth];
  });
  const everything = [settings, fusion, networks.map(({ manifest }) => manifest.sha256), shown];
  return createHash('sha256').update(JSON.stringify(everything)).digest('hex');
}
