import { exp } from '../exactMath.js';
import type { Environment, Lamp } from '../scene/environment.js';
import type { GroundOcclusion } from './groundOcclusion.js';
import type { ShadowMap } from './shadowMap.js';

/** All that lights a frame. */
export interface Lighting {
  readonly environment: Environment;
  readonly lamps: readonly Lamp[];
  readonly sunShadow: ShadowMap;
  /** Shadows of what stands still: they have cooled the ground, moving ones have not. */
  readonly restShadow: ShadowMap;
  /** Open sky at ground level, 1 = all of it; see groundOcclusion.ts. */
  readonly openness: GroundOcclusion;
  readonly headlight: {
    readonly x: number;
    readonly y: number;
    readonly dx: number;
    readonly dy: number;
    readonly power: number;
  };
}

/** Mid-infrared radiance of a black body, relative to 20 °C, in quarter kelvins from −40 °C to 100 °C. */
const MID_EMISSION = Float64Array.from({ length: 561 }, (_, i) => exp(0.034 * (i / 4 - 60)));

export function midEmission(celsius: number): number {
  const i = Math.round((celsius + 40) * 4);
  return MID_EMISSION[i < 0 ? 0 : i > 560 ? 560 : i];
}
