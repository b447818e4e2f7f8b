import { cos, sin } from '../exactMath.js';
import { material, Texture } from '../render/material.js';
import type { Random } from '../random.js';
import { asphalt, asphaltDark, color, metal, paint, rubber } from './palette.js';
import type { Prop } from './props.js';

/** A speed hump across the lane: painted rubber, or asphalt with white chevrons. */
export function bump(random: Random, halfWidth: number): { draw: Prop; radius: number } {
  const depth = random.range(0.28, 0.7);
  const h = random.range(0.055, 0.11);
  const half = Math.min(halfWidth, random.range(1.2, 2.2));
  const striped = random.chance(0.6);
  const yellow = material({ rgb: color(222, 172, 40), nir: 0.66, mir: 0.12, fir: 0.91, solar: 12, night: 1.2 });
  const dark = striped ? { ...rubber, solar: 18, night: 2.2 } : asphaltDark;
  const light = striped ? yellow : paint;
  const pitch = striped ? random.range(0.25, 0.5) : random.range(0.5, 0.9);
  return {
    radius: half,
    draw: (body) => {
      const skin = body.surface(dark, {
        texture: striped ? Texture.Bands : Texture.Diagonal,
        second: light,
        u: [1, 0, 0],
        v: [0, 1, 0],
        p: [pitch, striped ? 0.5 : 0.4, 0, 0],
      });
      const steps = 8;
      const profile = (i: number): [number, number] => [
        -depth * cos((Math.PI * i) / steps),
        h * sin((Math.PI * i) / steps),
      ];
      for (let i = 0; i < steps; i++) {
        const [x0, z0] = profile(i);
        const [x1, z1] = profile(i + 1);
        body.quad([x0, -half, z0], [x1, -half, z1], [x1, half, z1], [x0, half, z0], skin);
      }
      for (const side of [-1, 1]) {
        const points = Array.from({ length: steps + 1 }, (_, i) =>
          body.point(profile(i)[0], side * half, profile(i)[1]),
        );
        body.mesh.polygon(points, skin, body.direction(0, side, 0));
      }
    },
  };
}

/** A pothole or an open drain: a ragged outline on the ground; the texture works out the view into it. */
export function hole(random: Random): { draw: Prop; radius: number } {
  const drain = random.chance(0.25);
  const hx = random.range(0.4, 0.9);
  const hy = random.range(0.4, 0.95);
  const depth = drain ? 0.5 : random.range(0.1, 0.22);
  const count = drain ? 20 : 18;
  const radii = Array.from({ length: count }, () => (drain ? 1 : random.range(0.74, 1.08)));
  const stuff = material({ rgb: color(74, 68, 62), nir: 0.15, mir: 0.05, fir: 0.97, solar: -6, night: 4.5 });
  const rimStuff = drain ? { ...metal, fir: 0.7 } : material({ ...asphalt, rgb: color(146, 138, 126), solar: 6 });
  return {
    radius: Math.max(hx, hy),
    draw: (body) => {
      const round = drain ? Math.min(hx, hy) : 0;
      const sx = round || hx;
      const sy = round || hy;
      const skin = body.surface(stuff, {
        texture: Texture.Hole,
        second: rimStuff,
        u: [1 / sx, 0, 0],
        v: [0, 1 / sy, 0],
        p: [depth, 0.82, 0, 0],
      });
      const points = radii.map((r, i) =>
        body.point(sx * r * cos((2 * Math.PI * i) / count), sy * r * sin((2 * Math.PI * i) / count), 0.006),
      );
      body.mesh.polygon(points, skin, [0, 0, 1]);
    },
  };
}
