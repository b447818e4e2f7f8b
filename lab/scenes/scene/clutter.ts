import type { Random } from '../random.js';
import type { Mesh } from '../render/mesh.js';
import { material, Texture } from '../render/material.js';
import { Body } from './body.js';
import { blackPlastic, color, concrete, leaves, metal, wood } from './palette.js';
import { kerbAt, onStreet, type StreetPlan } from './street.js';

/** A printed picture of a person: looks like one to a colour camera, is one flat temperature to the infrared ones. */
export function drawPoster(body: Body, random: Random, x: number, y: number, z: number, sign: number): void {
  const paper = material({
    rgb: color(random.range(140, 230), random.range(140, 230), random.range(140, 230)),
    nir: 0.7,
    fir: 0.92,
    solar: 5,
  });
  const ink = material({
    rgb: color(random.range(30, 150), random.range(30, 110), random.range(30, 140)),
    nir: 0.55,
    fir: 0.92,
    solar: 5,
  });
  const wide = random.range(0.35, 0.6);
  const high = wide * random.range(1.4, 1.9);
  const print = body.surface(paper, {
    texture: Texture.Poster,
    second: ink,
    origin: [x, y, z],
    u: [1 / wide, 0, 0],
    v: [0, 0, 1 / high],
    p: [0, 0, 0, 0],
  });
  body.box(x, y - sign * 0.02, z, wide, 0.02, high, print);
}

/** Unlabelled things that resemble labelled ones: signs, planters, puddles, covers, benches, patches of new asphalt. */
export function drawClutter(mesh: Mesh, plan: StreetPlan, random: Random): void {
  const body = (along: number, across: number, turn = 0): Body =>
    new Body(mesh, onStreet(plan, along, across, turn), 0, random.integer(0, 60000));
  for (let s = 0; s < plan.length + 60; s += random.range(6, 14)) {
    const side = random.pick([0, 1] as const);
    const sign = side === 0 ? 1 : -1;
    const walk = sign * (kerbAt(plan, side) + plan.pavement[side] - random.range(0.1, 0.5));
    const kind = random.pick([
      'puddle',
      'puddle',
      'cover',
      'cover',
      'patch',
      'sign',
      'planter',
      'bench',
      'board',
    ] as const);
    if (kind === 'puddle' || kind === 'cover' || kind === 'patch') {
      const flat = body(s, random.range(-0.85, 0.85) * plan.road);
      const half = kind === 'cover' ? 0.33 : random.range(0.4, 1.3);
      const wide = kind === 'cover' ? 0.33 : random.range(0.4, 1.1);
      drawFlat(flat, random, kind, half, wide);
    } else if (kind === 'sign') {
      const b = body(s, walk, Math.PI / 2 + random.range(-0.3, 0.3));
      const post = b.surface(metal);
      b.rod([0, 0, 0], [0, 0, 2.5], 0.03, post, 6);
      const plate = b.surface(
        material({
          rgb: random.pick([color(190, 40, 40), color(40, 70, 170), color(220, 220, 220)]),
          nir: 0.6,
          fir: 0.9,
        }),
      );
      b.ellipsoid(0, -0.04, 2.25, 0.3, 0.015, 0.3, plate, 6, 12);
    } else if (kind === 'planter') {
      const b = body(s, walk);
      b.box(0, 0, 0.25, 0.5, 0.25, 0.25, b.surface(concrete, { texture: Texture.Concrete }));
      const bush = b.surface(leaves, { texture: Texture.Leaf });
      mesh.billboards.push({
        center: b.point(0, 0, 0.7),
        halfWidth: 0.55,
        halfHeight: 0.32,
        picture: 6,
        surface: bush,
      });
    } else if (kind === 'bench') {
      const b = body(s, walk, sign > 0 ? -Math.PI / 2 : Math.PI / 2);
      const plank = b.surface(wood);
      b.box(0, 0, 0.43, 0.22, 0.75, 0.025, plank);
      b.box(-0.24, 0, 0.72, 0.02, 0.75, 0.14, plank);
      for (const y of [-0.6, 0.6]) b.box(0, y, 0.2, 0.2, 0.03, 0.2, b.surface(concrete));
    } else {
      const b = body(s, walk, random.range(-0.4, 0.4));
      const post = b.surface(metal);
      for (const x of [-0.5, 0.5]) b.rod([0, x, 0], [0, x, 1.9], 0.03, post, 6);
      const turned = new Body(mesh, { ...b.placement, heading: b.placement.heading + Math.PI / 2 }, 0, b.seed);
      drawPoster(turned, random, 0, 0.03, 1.25, -1);
    }
  }
}

function drawFlat(body: Body, random: Random, kind: 'puddle' | 'cover' | 'patch', half: number, wide: number): void {
  const stuff = {
    puddle: material({ rgb: color(66, 66, 66), nir: 0.05, mir: 0.03, fir: 0.96, gloss: 0.25, solar: 3, night: -1 }),
    cover: material({ rgb: color(84, 80, 76), nir: 0.25, mir: 0.2, fir: 0.85, solar: 15, night: 1 }),
    patch: material({ rgb: color(70, 70, 73), nir: 0.12, mir: 0.05, fir: 0.96, solar: 21, night: 4 }),
  }[kind];
  const texture = { puddle: Texture.Puddle, cover: Texture.Cover, patch: Texture.Asphalt }[kind];
  const skin = body.surface(stuff, {
    texture,
    second: blackPlastic,
    u: [1, 0, 0],
    v: [0, 1, 0],
    p: [half, wide, 0, 0],
  });
  const count = kind === 'patch' ? 4 : 18;
  body.flat(count, half, wide, kind === 'puddle' ? random : undefined, skin);
}
