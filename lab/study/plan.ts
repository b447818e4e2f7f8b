import { createHash } from 'node:crypto';
import type { LabelledImage } from '../scenes/labelled.js';
import { readModelFiles, type ModelManifest } from '../../src/detector/manifest.js';
import { ExpectedError } from '../../src/errors.js';
import type { Spectrum } from '../../src/spectrum.js';
import type { StudySettings } from './settings.js';
import { choosePictures, type StudyData } from './studyData.js';

export interface StudyNetwork {
  readonly manifestPath: string;
  readonly manifest: ModelManifest;
}

/** One picture for one network. */
export interface PlannedPicture {
  /** Index among the plan's networks. */
  readonly network: number;
  readonly spectrum: Spectrum;
  readonly image: LabelledImage;
  readonly keepMaps: boolean;
}

export interface StudyPlan {
  readonly settings: StudySettings;
  readonly networks: readonly StudyNetwork[];
  /** Network by network; results are always in this order, whatever the order of measuring. */
  readonly pictures: readonly PlannedPicture[];
  /** SHA-256 of everything that the results depend on. */
  readonly identity: string;
}

/**
 * Plans every network on pictures of the spectra that it was trained for. Networks without such pictures are left out.
 * @param data must not be empty of pictures for all networks
 * @throws ExpectedError `model` for an unreadable network, `input` where nothing is left, `usage` for two networks of one name
 */
export async function planStudy(
  data: StudyData,
  manifestPaths: readonly string[],
  settings: StudySettings,
): Promise<StudyPlan> {
  const networks: StudyNetwork[] = [];
  for (const manifestPath of manifestPaths) {
    const { manifest } = await readModelFiles(manifestPath);
    if (networks.some((other) => other.manifest.name === manifest.name))
      throw new ExpectedError('usage', `two networks are called ${manifest.name}`, 'name each network once');
    if (manifest.spectra.some((spectrum) => (data.get(spectrum)?.length ?? 0) > 0))
      networks.push({ manifestPath, manifest });
  }
  const pictures = networks.flatMap(({ manifest }, network) =>
    manifest.spectra.flatMap((spectrum) =>
      choosePictures(data.get(spectrum) ?? [], settings.images, settings.seed).map((image, i): PlannedPicture => {
        return { network, spectrum, image, keepMaps: i < settings.pictures };
      }),
    ),
  );
  if (pictures.length === 0)
    throw new ExpectedError(
      'input',
      `none of the networks is for a spectrum that the data set has (${[...data.keys()].join(', ')})`,
      'name networks for these spectra with --networks',
    );
  return { settings, networks, pictures, identity: identityOf(settings, networks, pictures) };
}

function identityOf(
  settings: StudySettings,
  networks: readonly StudyNetwork[],
  pictures: readonly PlannedPicture[],
): string {
  const names = pictures.map(({ network, spectrum, image: { id, width, height, objects } }) => {
    return [network, spectrum, id, width, height, objects];
  });
  const everything = [settings, networks.map(({ manifest }) => manifest.sha256), names];
  return createHash('sha256').update(JSON.stringify(everything)).digest('hex');
}

/** Names a picture of a plan; also of a record. */
export function pictureKey(network: string, spectrum: Spectrum, image: string): string {
  return JSON.stringify([network, spectrum, image]);
}
