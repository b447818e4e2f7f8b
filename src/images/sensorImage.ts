/** Pixels as a camera driver sends them: the fields of `sensor_msgs/msg/Image`. Untrusted until decoded. */
export interface RawImage {
  readonly kind: 'raw';
  readonly width: number;
  readonly height: number;
  /** ROS encoding name, for example `bgr8`, `mono16`, `bayer_rggb8`, `yuv422_yuy2`. */
  readonly encoding: string;
  readonly bigEndian: boolean;
  /** Bytes from one row to the next; may be more than the pixels of a row need. */
  readonly step: number;
  readonly data: Uint8Array;
}

/** An encoded file in memory: the fields of `sensor_msgs/msg/CompressedImage`. Untrusted until decoded. */
export interface CompressedImage {
  readonly kind: 'compressed';
  /** ROS format text, for example `jpeg`, `rgb8; jpeg compressed bgr8`, `mono16; png compressed`. */
  readonly format: string;
  readonly data: Uint8Array;
}

export type SensorImage = RawImage | CompressedImage;
