import { serve } from '../../src/workers/workerServer.js';
import { measureCase } from './measure.js';
import type { PlantedCase } from './reasons.js';
import type { ReasonRecord } from './record.js';

export type ReasonsRequest = { readonly kind: 'measure'; readonly planted: PlantedCase } | { readonly kind: 'close' };
export type ReasonsAnswer = ReasonRecord | undefined;

/** Entry point of a worker thread. */
serve<ReasonsRequest, ReasonsAnswer>((request) =>
  Promise.resolve({ value: request.kind === 'close' ? undefined : measureCase(request.planted) }),
);
