import type { Command } from 'commander';
import { register as demo } from './demo.js';
import { register as evaluateDetector } from './evaluateDetector.js';
import { register as evaluateSaliency } from './evaluateSaliency.js';
import { register as evaluateTrust } from './evaluateTrust.js';
import { register as scenes } from './scenes.js';

/** Adds every command of the laboratory to `msal`. */
export function registerAll(program: Command): void {
  for (const register of [demo, scenes, evaluateDetector, evaluateSaliency, evaluateTrust]) register(program);
}
