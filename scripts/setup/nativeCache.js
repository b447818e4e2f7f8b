import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where what takes minutes to compile is kept between builds, outside every source tree; may be deleted at any time. */
export function nativeCacheFolder(env = process.env) {
  return path.join(env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'multispectral_saliency');
}

/**
 * Puts a compiled addon in its place: from the cache where one made from the same things loads, else by `compile`, and keeps it.
 *
 * @param {{name: string, version: string, library: string, texts: string[]}} made what it is made from: the package and its version, the
 *   library that it binds with its version, and whatever else decides what comes out
 * @param {string} addon where it belongs
 * @param {(addon: string) => boolean} loads
 * @param {() => Promise<void>} compile makes `addon`
 */
export async function withNativeCache({ name, version, library, texts }, addon, loads, compile) {
  const hash = createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 12);
  const key = [`${name}-${version}`, library, `node${process.versions.modules}`, process.platform, process.arch, hash];
  const kept = path.join(nativeCacheFolder(), key.join('-'), path.basename(addon));
  if (existsSync(kept)) {
    mkdirSync(path.dirname(addon), { recursive: true });
    copyWhole(kept, addon);
    // What it is linked with may have gone since.
    if (loads(addon)) return;
  }
  await compile();
  mkdirSync(path.dirname(kept), { recursive: true });
  copyWhole(addon, kept);
}

/** Never half a file under the name, also where two builds end at once. */
function copyWhole(from, to) {
  const partial = `${to}.${process.pid}`;
  copyFileSync(from, partial);
  renameSync(partial, to);
}
