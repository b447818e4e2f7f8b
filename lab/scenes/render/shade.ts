import type { Spectrum } from '../../../src/spectrum.js';
import type { Camera } from './camera.js';
import type { GeometryBuffer } from './gbuffer.js';
import type { Lighting } from './lighting.js';
import { Texture, type PackedSurface } from './material.js';
import { PixelShader } from './pixelShader.js';
import { sample, type Sample } from './texture.js';

/**
 * Radiance at every pixel. RGB: three interleaved values, 1 = a white sheet in full sun. NIR: one such value.
 * MIR: reflected plus emitted, 1 = a black body at 20 °C. FIR: apparent temperature in °C (emissivity × own temperature plus
 * the rest × what it mirrors), the quantity that a radiometric microbolometer reports.
 */
export function shade(
  spectrum: Spectrum,
  buffer: GeometryBuffer,
  surfaces: readonly PackedSurface[],
  camera: Camera,
  light: Lighting,
): Float32Array {
  const { width, height, nearness, surface, normal } = buffer;
  const channels = spectrum === 'rgb' ? 3 : 1;
  const out = new Float32Array(width * height * channels);
  const { position, right, down, forward, lens } = camera;
  const found: Sample = { optics: new Float64Array(14), tone: 1, warm: 0, nx: 0, ny: 0, nz: 1 };
  const pixel = new PixelShader(spectrum, light);
  for (let y = 0; y < height; y++) {
    const b = (y + 0.5 - lens.cy) / lens.focal;
    for (let x = 0; x < width; x++) {
      const a = (x + 0.5 - lens.cx) / lens.focal;
      const i = y * width + x;
      let dx = forward[0] + a * right[0] + b * down[0];
      let dy = forward[1] + a * right[1] + b * down[1];
      let dz = forward[2] + a * right[2] + b * down[2];
      const size = Math.sqrt(dx * dx + dy * dy + dz * dz);
      const number = surface[i];
      if (number === 0) {
        pixel.sky(dx / size, dy / size, dz / size);
      } else {
        const depth = 1 / nearness[i];
        const px = position[0] + dx * depth;
        const py = position[1] + dy * depth;
        const pz = position[2] + dz * depth;
        dx /= size;
        dy /= size;
        dz /= size;
        const packed = normal[i];
        found.nx = ((packed & 255) - 128) / 127;
        found.ny = (((packed >> 8) & 255) - 128) / 127;
        found.nz = (((packed >> 16) & 255) - 128) / 127;
        const s = surfaces[number - 1];
        sample(s, px, py, pz, dx, dy, dz, depth, spectrum, found);
        if (s.texture !== Texture.Leaf && found.nx * dx + found.ny * dy + found.nz * dz > 0) {
          found.nx = -found.nx;
          found.ny = -found.ny;
          found.nz = -found.nz;
        }
        pixel.lit(found, px, py, pz, dx, dy, dz, depth * size, (packed >>> 24) / 255, s.texture === Texture.Leaf);
      }
      if (channels === 3) {
        out[i * 3] = pixel.r;
        out[i * 3 + 1] = pixel.g;
        out[i * 3 + 2] = pixel.b;
      } else {
        out[i] = pixel.r;
      }
    }
  }
  return out;
}
