import type { Command } from 'commander';
import { register as demo } from './demo.js';
import { register as evaluateDetector } from './evaluateDetector.js';
import { register as evaluateReasons } from './evaluateReasons.js';
import { register as evaluateSaliency } from './evaluateSaliency.js';
import { register as evaluateTrust } from './evaluateTrust.js';
import { register as scenes } from './scenes.js';

// Packages of the laboratory may be left out where it is compiled; better to be without its commands than to find out after hours of
// measuring. Throws ERR_MODULE_NOT_FOUND.
import.meta.resolve('@observablehq/plot');

/** Adds every command of the laboratory to `msal`. */
export function registerAll(program: Command): void {
  for (const register of [demo, scenes, evaluateDetector, evaluateReasons, evaluateSaliency, evaluateTrust])
    register(program);
}
