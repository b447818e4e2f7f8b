import { cos, sin } from '../exactMath.js';
import type { Random } from '../random.js';
import { Mesh } from '../render/mesh.js';
import { type Material, Texture } from '../render/material.js';
import type { Vector } from '../render/vector.js';
import { Body, type Placement } from './body.js';
import { asphalt, asphaltDark, concrete, dryGrass, grass, paint, soil, tileLight, tileRed } from './palette.js';

/** How a street is laid out across: distances from its middle line in metres; the kerb lifts all beyond it by 10 cm. */
export interface StreetPlan {
  readonly curvature: number;
  readonly length: number;
  readonly road: number;
  /** Strip beside the road where cars park, by side (left, right); 0 for none. */
  readonly parking: readonly [number, number];
  readonly pavement: readonly [number, number];
  /** Distance from the middle line to the house fronts, by side; 0 for none. */
  readonly houses: readonly [number, number];
  readonly surface: 'asphalt' | 'paving';
  readonly markings: boolean;
  readonly crossings: readonly number[];
}

export const KERB = 0.1;

export function planStreet(random: Random, length: number): StreetPlan {
  const kind = random.pick(['street', 'street', 'path', 'yard'] as const);
  const road = { street: random.range(2.7, 3.4), path: random.range(2.2, 2.8), yard: random.range(3.4, 4.4) }[kind];
  const strip = (): number =>
    kind === 'yard' ? random.range(4.6, 5.2) : kind === 'street' && random.chance(0.6) ? random.range(2.1, 2.5) : 0;
  const parking: [number, number] = [strip(), strip()];
  const pavement: [number, number] = [random.range(1.8, 3.2), random.range(1.8, 3.2)];
  const front = (side: 0 | 1): number =>
    random.chance(0.72) ? road + parking[side] + pavement[side] + random.range(1.2, 9) : 0;
  return {
    curvature: random.chance(0.35) ? 0 : random.range(-1 / 90, 1 / 90),
    length,
    road,
    parking,
    pavement,
    houses: [front(0), front(1)],
    surface: kind === 'path' || (kind === 'yard' && random.chance(0.3)) ? 'paving' : 'asphalt',
    markings: kind !== 'path',
    crossings: Array.from({ length: Math.floor(length / 45) }, (_, i) => 12 + i * 45 + random.range(0, 30)),
  };
}

/** The point `along` metres down the street and `across` to the left of its middle, with the street's heading there. */
export function onStreet(plan: StreetPlan, along: number, across: number, turn = 0): Placement {
  const k = plan.curvature;
  const heading = k * along;
  const flat = k > -1e-6 && k < 1e-6;
  const x0 = flat ? along : sin(heading) / k;
  const y0 = flat ? 0 : (1 - cos(heading)) / k;
  return {
    x: x0 - across * sin(heading),
    y: y0 + across * cos(heading),
    z: groundHeight(plan, across),
    heading: heading + turn,
  };
}

export function kerbAt(plan: StreetPlan, side: 0 | 1): number {
  return plan.road + plan.parking[side];
}

export function groundHeight(plan: StreetPlan, across: number): number {
  return Math.abs(across) > kerbAt(plan, across > 0 ? 0 : 1) ? KERB : 0;
}

/** Road, kerbs, pavements, lawns and painted lines of the whole street. */
export function drawGround(mesh: Mesh, plan: StreetPlan, random: Random): void {
  const flat = (
    stuff: Material,
    texture: Texture,
    second: Material,
    p: [number, number, number, number] = [0, 0, 0, 0],
  ): number =>
    new Body(mesh, { x: 0, y: 0, z: 0, heading: 0 }, 0, random.integer(0, 60000)).surface(stuff, {
      texture,
      second,
      u: [1, 0, 0],
      v: [0, 1, 0],
      p,
    });
  const road =
    plan.surface === 'asphalt'
      ? flat(random.chance(0.5) ? asphalt : asphaltDark, Texture.Asphalt, asphaltDark)
      : flat(tileLight, Texture.Paving, concrete, [0.4, 0.4, 0, 0]);
  const strip = random.chance(0.5) ? road : flat(asphalt, Texture.Asphalt, asphaltDark);
  const walk = random.chance(0.5)
    ? flat(random.pick([tileLight, tileRed]), Texture.Paving, concrete, [0.3, random.pick([0.3, 0.6]), 0, 0])
    : flat(concrete, Texture.Asphalt, asphalt);
  const lawn = flat(random.chance(0.75) ? grass : dryGrass, Texture.Grass, random.chance(0.5) ? dryGrass : soil);
  const kerb = flat(concrete, Texture.Concrete, concrete);
  const step = 2.5;
  const from = -25;
  const to = plan.length + 110;
  const band = (s: number, t0: number, t1: number, z: number, surface: number): void => {
    const corner = (along: number, across: number): Vector => {
      const p = onStreet(plan, along, across);
      return [p.x, p.y, z];
    };
    mesh.quad(corner(s, t0), corner(s + step, t0), corner(s + step, t1), corner(s, t1), surface, [0, 0, 1]);
  };
  for (let s = from; s < to; s += step) {
    band(s, -plan.road, plan.road, 0, road);
    for (const side of [0, 1] as const) {
      const sign = side === 0 ? 1 : -1;
      const edge = kerbAt(plan, side);
      const inner = edge + plan.pavement[side];
      if (plan.parking[side] > 0) band(s, sign * plan.road, sign * edge, 0, strip);
      band(s, sign * edge, sign * (edge + 0.16), KERB, kerb);
      band(s, sign * (edge + 0.16), sign * inner, KERB, walk);
      band(s, sign * inner, sign * (inner + 12), KERB, lawn);
      band(s, sign * (inner + 12), sign * (inner + 45), KERB, lawn);
      const a = onStreet(plan, s, sign * edge);
      const b = onStreet(plan, s + step, sign * edge);
      const normal: Vector = [sign * sin(a.heading), -sign * cos(a.heading), 0];
      mesh.quad([a.x, a.y, 0], [b.x, b.y, 0], [b.x, b.y, KERB], [a.x, a.y, KERB], kerb, normal);
    }
  }
  drawMarkings(mesh, plan, random);
}

function drawMarkings(mesh: Mesh, plan: StreetPlan, random: Random): void {
  const white = new Body(mesh, { x: 0, y: 0, z: 0, heading: 0 }, 0, random.integer(0, 60000)).surface(paint, {
    texture: Texture.Concrete,
    u: [1, 0, 0],
    v: [0, 1, 0],
  });
  const patch = (s0: number, s1: number, t0: number, t1: number): void => {
    const corner = (s: number, t: number): Vector => {
      const p = onStreet(plan, s, t);
      return [p.x, p.y, 0.004];
    };
    mesh.quad(corner(s0, t0), corner(s1, t0), corner(s1, t1), corner(s0, t1), white, [0, 0, 1]);
  };
  if (!plan.markings) return;
  const centre = random.chance(0.6);
  const edges = random.chance(0.7);
  for (let s = -20; s < plan.length + 100; s += 5) {
    if (centre) patch(s, s + 2.5, -0.06, 0.06);
    for (const sign of edges ? [-1, 1] : []) patch(s, s + 5, sign * (plan.road - 0.2), sign * (plan.road - 0.32));
  }
  for (const side of [0, 1] as const) {
    if (plan.parking[side] === 0) continue;
    const sign = side === 0 ? 1 : -1;
    const bay = plan.parking[side] > 4 ? 2.6 : 5.6;
    for (let s = -20; s < plan.length + 100; s += bay) patch(s, s + 0.1, sign * plan.road, sign * kerbAt(plan, side));
  }
  for (const crossing of plan.crossings) {
    for (let t = -plan.road + 0.3; t < plan.road - 0.4; t += 0.9) patch(crossing, crossing + 3, t, t + 0.45);
  }
}
