import { cos, sin } from '../exactMath.js';
import { material, type Material, Texture } from '../render/material.js';
import type { Vector } from '../render/vector.js';
import type { Random } from '../random.js';
import type { Body } from './body.js';
import { blackPlastic, color, concrete, metal, paintedMetal, rubber, white } from './palette.js';

/** Draws itself into a body; made once per thing, so that it looks the same in every frame. */
export type Prop = (body: Body) => void;

const coneColors = [
  [226, 84, 32],
  [226, 84, 32],
  [214, 52, 36],
  [232, 190, 40],
  [40, 110, 190],
  [60, 150, 70],
] as const;

/** A traffic cone, with or without reflecting bands; some have fallen over. */
export function cone(random: Random): { draw: Prop; radius: number } {
  const h = random.range(0.5, 0.85);
  const r = h * random.range(0.18, 0.24);
  const [cr, cg, cb] = random.pick(coneColors);
  const body0 = material({ rgb: color(cr, cg, cb), nir: 0.72, mir: 0.1, fir: 0.92, solar: 7, night: -0.8 });
  const band = random.chance(0.75) ? { ...white, nir: 0.9, fir: 0.88 } : body0;
  const base = random.chance(0.5) ? body0 : blackPlastic;
  const pitch = random.range(0.3, 0.42) * h;
  const fallen = random.chance(0.08);
  return {
    radius: fallen ? h * 0.5 : r * 1.3,
    draw: (body) => {
      const foot = body.surface(base);
      if (fallen) {
        const skin = body.surface(body0, {
          texture: Texture.Bands,
          second: band,
          u: [0, 0, 1],
          v: [1, 0, 0],
          p: [pitch, 0.45, 0, 0],
        });
        body.mesh.tube(
          [
            [0, r],
            [h, r * 0.25],
          ].map(([x, q]) => ({
            center: body.point(x, 0, q + 0.01),
            a: body.direction(0, q, 0),
            b: body.direction(0, 0, q),
          })),
          skin,
          12,
        );
        body.box(-0.02, 0, r * 1.2, 0.02, r * 1.25, r * 1.2, foot);
        return;
      }
      const skin = body.surface(body0, { texture: Texture.Bands, second: band, p: [pitch, 0.45, 0, 0] });
      body.box(0, 0, 0.02, r * 1.25, r * 1.25, 0.02, foot);
      body.lathe(
        [
          [0.04, r, r, 0],
          [h * 0.96, r * 0.24, r * 0.24, 0],
          [h, r * 0.17, r * 0.17, 0],
        ],
        skin,
        12,
      );
    },
  };
}

/** Things that stop cars: a steel arch, a wheel stop of concrete, or a post with bands. */
export function carStop(random: Random): { draw: Prop; radius: number } {
  const kind = random.pick(['arch', 'block', 'block', 'post'] as const);
  const yellow = material({ rgb: color(226, 180, 40), nir: 0.68, mir: 0.14, fir: 0.9, solar: 8, night: -0.8 });
  if (kind === 'block') {
    const half = random.range(0.3, 0.9);
    const h = random.range(0.1, 0.16);
    const stuff = random.chance(0.25) ? { ...rubber, solar: 12 } : concrete;
    const mark = random.chance(0.6) ? yellow : stuff;
    return {
      radius: half,
      draw: (body) => {
        const side = body.surface(stuff, {
          texture: Texture.Bands,
          second: mark,
          u: [0, 0, 1],
          v: [0, 1, 0],
          p: [half * 0.8, 0.35, 0, 0],
        });
        const ring = (y: number, k: number): { center: Vector; a: Vector; b: Vector } => ({
          center: body.point(0, y, h * 0.5 * k),
          a: body.direction(0.1 * k, 0, 0),
          b: body.direction(0, 0, h * 0.56 * k),
        });
        body.mesh.tube([ring(-half, 0.85), ring(-half * 0.94, 1), ring(half * 0.94, 1), ring(half, 0.85)], side, 8);
      },
    };
  }
  if (kind === 'post') {
    const h = random.range(0.6, 0.85);
    const r = random.range(0.045, 0.075);
    const stuff = random.pick([metal, paintedMetal, yellow, { ...white, solar: 8 }]);
    return {
      radius: 0.12,
      draw: (body) => {
        const skin = body.surface(stuff, { texture: Texture.Bands, second: yellow, p: [h * 0.5, 0.3, 0, 0] });
        body.lathe(
          [
            [0, r, r, 0],
            [h - r * 0.4, r, r, 0],
            [h, r * 0.5, r * 0.5, 0],
          ],
          skin,
          10,
        );
        body.lathe(
          [
            [0, r * 1.7, r * 1.7, 0],
            [0.04, r * 1.6, r * 1.6, 0],
          ],
          skin,
          10,
        );
      },
    };
  }
  const wide = random.range(0.3, 0.55);
  const h = random.range(0.55, 0.8);
  const stuff = random.pick([metal, paintedMetal, yellow]);
  return {
    radius: wide,
    draw: (body) => {
      const pipe = body.surface(stuff, {
        texture: Texture.Bands,
        second: random0(stuff, yellow),
        u: [1, 0, 0],
        v: [0, 1, 0.6],
        p: [0.4, 0.35, 0, 0],
      });
      const bend = 0.14;
      const points: Vector[] = [
        [0, -wide, 0],
        [0, -wide, h - bend],
      ];
      for (let i = 1; i <= 4; i++) {
        const a = (Math.PI / 2) * (i / 4);
        points.push([0, -wide + bend * (1 - cos(a)), h - bend + bend * sin(a)]);
      }
      const mirrored = points.map(([x, y, z]): Vector => [x, -y, z]).toReversed();
      const all = [...points, ...mirrored];
      for (let i = 0; i + 1 < all.length; i++) body.rod(all[i], all[i + 1], 0.038, pipe, 8);
    },
  };
}

function random0(stuff: Material, yellow: Material): Material {
  return stuff === yellow ? blackPlastic : stuff;
}

/** Lost cargo and litter that no class names: boxes, bags, a suitcase, a tyre, a chair, a hand cart. */
export function unknown(random: Random): { draw: Prop; radius: number } {
  const kind = random.pick(['box', 'boxes', 'bag', 'suitcase', 'tyre', 'chair', 'cart'] as const);
  const k = random.range(0.85, 1.25);
  const card = material({
    rgb: color(random.range(150, 190), random.range(112, 140), random.range(74, 100)),
    nir: 0.62,
    fir: 0.92,
    solar: 8,
  });
  const plastic = material({
    rgb: color(random.range(30, 220), random.range(30, 200), random.range(30, 200)),
    nir: random.range(0.2, 0.7),
    fir: 0.92,
    solar: 9,
  });
  const [w, d, h] = [random.range(0.2, 0.36) * k, random.range(0.16, 0.32) * k, random.range(0.15, 0.34) * k];
  const draws: Record<typeof kind, Prop> = {
    box: (body) => cardboard(body, card, 0, 0, 0, w, d, h),
    boxes: (body) => {
      cardboard(body, card, 0, 0, 0, w, d, h);
      cardboard(body, card, 0.05, 0.04, 2 * h, w * 0.7, d * 0.75, h * 0.7);
    },
    bag: (body) => {
      const skin = body.surface(plastic, { texture: Texture.Cloth });
      body.ellipsoid(0, 0, 0.24 * k, 0.27 * k, 0.3 * k, 0.25 * k, skin, 7, 9);
      body.ellipsoid(0.15 * k, 0.2 * k, 0.17 * k, 0.2 * k, 0.22 * k, 0.19 * k, skin, 6, 9);
      body.limb([0, 0, 0.42 * k], [0.02, 0.02, 0.58 * k], 0.07 * k, 0.04, skin, 6);
    },
    suitcase: (body) => {
      body.box(
        0,
        0,
        0.36 * k,
        0.13 * k,
        0.23 * k,
        0.32 * k,
        body.surface(plastic, {
          texture: Texture.Bands,
          second: blackPlastic,
          u: [0, 0, 1],
          v: [0, 1, 0],
          p: [0.1, 0.18, 0, 0],
        }),
      );
      const dark = body.surface(blackPlastic);
      for (const side of [-0.12, 0.12])
        body.rod([-0.1 * k, side * k, 0.66 * k], [-0.1 * k, side * k, 0.98 * k], 0.014, dark);
      body.rod([-0.1 * k, -0.13 * k, 0.98 * k], [-0.1 * k, 0.13 * k, 0.98 * k], 0.018, dark);
      for (const side of [-0.18, 0.18]) body.ellipsoid(0, side * k, 0.03, 0.05, 0.02, 0.04, dark, 4, 6);
    },
    tyre: (body) => tyre(body, k),
    chair: (body) => {
      const seat = body.surface(plastic);
      const legs = body.surface(metal);
      body.box(0, 0, 0.44, 0.22, 0.22, 0.02, seat);
      body.box(-0.21, 0, 0.7, 0.02, 0.21, 0.16, seat);
      for (const [x, y] of [
        [-0.2, -0.2],
        [-0.2, 0.2],
        [0.2, -0.2],
        [0.2, 0.2],
      ] as const)
        body.rod([x, y, 0], [x, y, x < 0 ? 0.8 : 0.43], 0.016, legs);
    },
    cart: (body) => {
      const rail = body.surface(metal);
      body.box(0, 0, 0.2, 0.45, 0.3, 0.03, body.surface(plastic));
      body.box(0.05, 0, 0.42, 0.3, 0.22, 0.19, body.surface(card));
      for (const side of [-0.26, 0.26]) body.rod([-0.43, side, 0.2], [-0.5, side, 0.95], 0.018, rail);
      body.rod([-0.5, -0.27, 0.95], [-0.5, 0.27, 0.95], 0.018, rail);
      const dark = body.surface(rubber);
      for (const [x, y] of [
        [-0.35, -0.26],
        [-0.35, 0.26],
        [0.35, -0.26],
        [0.35, 0.26],
      ] as const)
        body.ellipsoid(x, y, 0.08, 0.08, 0.03, 0.08, dark, 5, 8);
    },
  };
  return { draw: draws[kind], radius: 0.45 };
}

function cardboard(
  body: Body,
  stuff: Material,
  x: number,
  y: number,
  z: number,
  hx: number,
  hy: number,
  hz: number,
): void {
  const tape = material({ rgb: color(196, 170, 130), nir: 0.6, fir: 0.86, solar: 7 });
  const skin = body.surface(stuff, {
    texture: Texture.Bands,
    second: tape,
    origin: [x, y - hy * 0.1, z],
    u: [1, 0, 0],
    v: [0, 1, 0],
    p: [2 * hy, 0.12, 0, 0],
  });
  const front = body.surface(stuff, { texture: Texture.Cloth });
  body.box(x, y, z + hz, hx, hy, hz, [front, front, front, front, skin, front]);
}

function tyre(body: Body, k: number): void {
  const [r, t] = [0.24 * k, 0.09 * k];
  const skin = body.surface(rubber);
  const sides = 16;
  for (let i = 0; i < sides; i++) {
    const ring = (j: number): { center: Vector; a: Vector; b: Vector } => {
      const [s, c] = [sin((2 * Math.PI * j) / sides), cos((2 * Math.PI * j) / sides)];
      return { center: body.point(r * c, r * s, t), a: body.direction(t * c, t * s, 0), b: body.direction(0, 0, t) };
    };
    body.mesh.tube([ring(i), ring(i + 1)], skin, 8, false);
  }
}
