/** Class-head feature maps of one pyramid level for one image. */
export interface LevelFeatures {
  readonly level: number;
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  /** [channels, rows, columns], row-major. */
  readonly data: Float32Array;
}

/** What entered the class head's last separable convolution, for every level, lowest (finest) first. */
export type FeatureMaps = readonly LevelFeatures[];
