import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, ExpectedError } from '../errors.js';
import type { Spectrum } from '../spectrum.js';
import { logFilesIn } from './fileNames.js';
import { type LoggedFrame, readLoggedSet } from './loggedFrames.js';

/** How far an image's stamp may lie from that of its set: cameras expose at slightly different times. */
const MOST_SKEW_NS = 1_000_000_000n;
/** Files that are looked at for a band. */
const MOST_FILES = 20;

/**
 * An image of a frame log, by its band and its own stamp or that of its set.
 * @param stampNs 0: the newest
 * @throws ExpectedError `input` where there is none
 */
export async function findLoggedFrame(folder: string, spectrum: Spectrum, stampNs: bigint): Promise<LoggedFrame> {
  const newestFirst = logFilesIn(folder === '' ? [] : await namesIn(folder)).reverse();
  const distance = (stamp: bigint): bigint => (stamp < stampNs ? stampNs - stamp : stamp - stampNs);
  const candidates =
    stampNs === 0n
      ? newestFirst
      : newestFirst
          .filter((file) => distance(file.stampNs) <= MOST_SKEW_NS)
          .sort((a, b) => Number(distance(a.stampNs) - distance(b.stampNs)));
  for (const file of candidates.slice(0, MOST_FILES)) {
    const set = await readLoggedSet(path.join(folder, file.name));
    const found = set.frames.find(({ frame }) => frame.spectrum === spectrum);
    if (found && (stampNs === 0n || file.stampNs === stampNs || found.frame.stampNs === stampNs)) return found;
  }
  const which = stampNs === 0n ? 'no image' : `no image of the stamp ${stampNs} ns`;
  throw new ExpectedError(
    'input',
    `the frame log ${folder === '' ? '(none is configured)' : folder} holds ${which} of the band ${spectrum}`,
    'give the stamp of an image in frame_log.folder (its files are named by theirs), or the image itself',
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new ExpectedError(
      'input',
      `the frame log ${folder} does not exist`,
      'check frame_log.folder, and that its disk is mounted',
      { cause: error },
    );
  }
}
