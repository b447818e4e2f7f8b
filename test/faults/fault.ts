import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Called by a preloaded module: from here on `original` (end of its path) is `replacement`, in this thread. */
export function replaceModule(original: string, replacement: string): void {
  const data = { original, replacement: new URL(replacement, import.meta.url).href };
  register('./replaceHooks.js', import.meta.url, { data });
}

export type Fault = 'lostGpu' | 'decoderErrors' | 'detectorErrors';

/** Environment in which a process, its children and all their threads have a fault. */
export function environmentWith(fault: Fault): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import ${fileURLToPath(preloadOf(fault))}` };
}

/** The module that has to be preloaded for a fault. */
export function preloadOf(fault: Fault): URL {
  return new URL(`./${fault}.js`, import.meta.url);
}

/** Widths of images that set off a fault; no other test uses them. */
export const WIDTH = { throws: 61, throwsLater: 62, exits: 63 } as const;
