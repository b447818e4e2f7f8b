import type { Rule } from './backward.js';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import { sampling } from './gridSample.js';
import { matrix } from './matrix.js';
import { movement } from './movement.js';
import { normalisation } from './normalisation.js';
import { pooling } from './pooling.js';
import { reductions } from './reduction.js';
import { resizing } from './resize.js';

/** Standard operators that gradients can pass. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  [elementwise, convolution, matrix, normalisation, pooling, reductions, movement, resizing, sampling].flatMap(
    (rules) => Object.entries(rules),
  ),
);
