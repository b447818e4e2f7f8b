import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { SPECTRA } from '../../src/spectrum.js';

/** Parser for names separated by commas. */
export function names(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}

/** A path as it may stand in a result: absolute ones of this machine are nobody else's business. */
export function portablePath(file: string): string {
  return path.isAbsolute(file) ? path.basename(file) : file;
}

/** Manifests of the networks in models/, those for one spectrum first, in the order of SPECTRA. */
export async function shippedNetworks({ joint }: { readonly joint: boolean }): Promise<string[]> {
  const folder = path.join(packageRoot, 'models');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const place = (name: string): number => SPECTRA.findIndex((spectrum) => name.endsWith(`-${spectrum}.json`));
  const isJoint = (name: string): boolean => SPECTRA.some((a) => SPECTRA.some((b) => name.endsWith(`-${a}-${b}.json`)));
  // Those for something else come last.
  const rank = (name: string): number => (place(name) + SPECTRA.length + 1) % (SPECTRA.length + 1);
  return files
    .filter((name) => joint || !isJoint(name))
    .sort((a, b) => Number(isJoint(a)) - Number(isJoint(b)) || rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((name) => path.join(folder, name));
}
