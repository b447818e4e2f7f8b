/**
 * What is seen at each pixel before light is worked out. `nearness` grows towards the viewer (1/z for a camera, minus the
 * distance along the light for a shadow map); 0 surface means sky. Normals are packed: x, y, z as bytes (127 per unit,
 * offset 128) and an occlusion byte on top.
 */
export class GeometryBuffer {
  readonly nearness: Float32Array;
  readonly surface: Uint16Array;
  readonly normal: Int32Array;
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.nearness = new Float32Array(width * height);
    this.surface = new Uint16Array(width * height);
    this.normal = new Int32Array(width * height);
  }

  clear(): void {
    this.nearness.fill(0);
    this.surface.fill(0);
  }
}

/** Normal and occlusion (0 … 1) in one integer. */
export function packNormal(x: number, y: number, z: number, open: number): number {
  return (
    (Math.floor(x * 127 + 128.5) & 255) |
    ((Math.floor(y * 127 + 128.5) & 255) << 8) |
    ((Math.floor(z * 127 + 128.5) & 255) << 16) |
    (Math.floor(open * 255) << 24)
  );
}
