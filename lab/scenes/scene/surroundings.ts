import type { Random } from '../random.js';
import type { Mesh } from '../render/mesh.js';
import { material, Texture } from '../render/material.js';
import { Body } from './body.js';
import { drawClutter, drawPoster } from './clutter.js';
import type { Lamp } from './environment.js';
import {
  autumnLeaves,
  bark,
  blackPlastic,
  color,
  concrete,
  glass,
  leaves,
  needles,
  paintedMetal,
  wallMaterial,
  white,
  wood,
} from './palette.js';
import { kerbAt, KERB, onStreet, type StreetPlan } from './street.js';

/** Puts houses, trees, hedges, lamp posts and confusing clutter along the street; gives back the lamps that are on. */
export function drawSurroundings(mesh: Mesh, plan: StreetPlan, random: Random, night: boolean): Lamp[] {
  for (const side of [0, 1] as const) {
    drawHouses(mesh, plan, random.fork(`houses ${side}`), side, night);
    drawTrees(mesh, plan, random.fork(`trees ${side}`), side);
  }
  drawEnd(mesh, plan, random.fork('end'), night);
  drawClutter(mesh, plan, random.fork('clutter'));
  return drawLamps(mesh, plan, random.fork('lamps'), night);
}

const lit = (warm: boolean): ReturnType<typeof material> =>
  material({
    rgb: color(210, 200, 180),
    nir: 0.4,
    mir: 0.06,
    fir: 0.86,
    heat: 3,
    glow: warm ? [0.2, 0.15, 0.08, 0.06] : [0.14, 0.16, 0.17, 0.04],
  });

function drawHouse(
  mesh: Mesh,
  plan: StreetPlan,
  random: Random,
  along: number,
  across: number,
  width: number,
  night: boolean,
): void {
  const sign = across > 0 ? 1 : -1;
  const floors = random.integer(1, 5);
  const height = floors * random.range(3, 3.6) + 0.8;
  const depth = random.range(8, 14);
  const place = { ...onStreet(plan, along, across + (sign * depth) / 2), z: KERB };
  const body = new Body(mesh, place, 0, random.integer(0, 60000));
  const wall = wallMaterial(random);
  const window = night ? { ...glass, glow: lit(random.chance(0.5)).glow, heat: 1.5 } : { ...glass, heat: 0.5 };
  const pitch = random.range(1.6, 3.4);
  const share = random.range(0.42, 0.8);
  const rows = height / floors;
  const style = random.chance(0.3) ? 1 : 0;
  const face = (u: readonly [number, number, number], origin: readonly [number, number, number]): number =>
    body.surface(wall, {
      texture: random.chance(0.82) ? Texture.Facade : Texture.Brick,
      second: window,
      origin,
      u,
      v: [0, 0, 1],
      p: [pitch, rows, style === 1 ? 0.97 : share, style === 1 ? 0.5 : random.range(0.45, 0.62)],
    });
  const front = face([1, 0, 0], [-width / 2, 0, 0]);
  const flank = face([0, 1, 0], [0, -depth / 2, 0]);
  const roof = body.surface(concrete, { texture: Texture.Concrete });
  body.box(0, 0, height / 2, width / 2, depth / 2, height / 2, [flank, flank, front, front, roof, roof]);
  body.box(
    0,
    0,
    height + 0.12,
    width / 2 + 0.15,
    depth / 2 + 0.15,
    0.14,
    body.surface(wall, { texture: Texture.Concrete }),
  );
  const y = (-sign * depth) / 2;
  const door = body.surface(random.pick([glass, wood, paintedMetal]), { texture: Texture.Concrete });
  const doorX = random.range(-0.35, 0.35) * width;
  body.box(doorX, y, 1.15, random.range(0.6, 1.3), 0.06, 1.15, door);
  if (random.chance(0.5)) body.box(doorX, y - sign * 0.6, 2.65, 1.6, 0.7, 0.08, roof);
  if (random.chance(0.55)) {
    const warm = material({ rgb: color(90, 90, 92), nir: 0.3, fir: 0.93, heat: random.range(9, 20), solar: 4 });
    const vent = body.surface(warm, { texture: Texture.Vent, second: blackPlastic, p: [0.09, 0, 0, 0] });
    body.box(
      random.range(-0.4, 0.4) * width,
      y,
      random.range(0.5, 1.6),
      random.range(0.2, 0.6),
      0.08,
      random.range(0.2, 0.7),
      vent,
    );
  }
  if (random.chance(0.5)) {
    const x = random.range(-0.4, 0.4) * width;
    drawPoster(body, random, x, y - sign * 0.04, random.range(1, 1.5), sign);
  }
  for (let i = random.integer(0, 2); i > 0; i--) {
    const unit = body.surface(white, { texture: Texture.Vent, second: paintedMetal, p: [0.12, 0, 0, 0] });
    body.box(random.range(-0.45, 0.45) * width, y - sign * 0.25, 0.4, 0.4, 0.16, 0.32, unit);
  }
}

function drawHouses(mesh: Mesh, plan: StreetPlan, random: Random, side: 0 | 1, night: boolean): void {
  const front = plan.houses[side];
  if (front === 0) return;
  const sign = side === 0 ? 1 : -1;
  for (let s = random.range(-25, -10); s < plan.length + 90;) {
    const width = random.range(11, 26);
    drawHouse(mesh, plan, random, s + width / 2, sign * (front + random.range(0, 2)), width, night);
    s += width + (random.chance(0.5) ? random.range(0.5, 2) : random.range(4, 16));
  }
}

function drawTrees(mesh: Mesh, plan: StreetPlan, random: Random, side: 0 | 1): void {
  const sign = side === 0 ? 1 : -1;
  const lawn = kerbAt(plan, side) + plan.pavement[side];
  const room = plan.houses[side] > 0 ? plan.houses[side] - lawn : 30;
  const kind = random.integer(0, 3);
  const autumn = random.chance(0.2);
  const spacing = random.range(6, 14);
  const rows: [number, number][] = room > 2.5 ? [[Math.min(lawn + 1.6, lawn + room * 0.5), spacing]] : [];
  if (plan.houses[side] === 0) rows.push([lawn + 9, 7], [lawn + 20, 5], [lawn + 32, 4]);
  else rows.push([plan.houses[side] + 20, 9]);
  for (const [distance, gap] of rows) {
    for (let s = -20 + random.range(0, gap); s < plan.length + 100; s += gap * random.range(0.8, 1.3)) {
      if (random.chance(0.18)) continue;
      const conifer = kind === 3 || random.chance(0.1);
      const picture = conifer ? 4 + random.integer(0, 1) : random.integer(0, 3);
      const half = conifer ? random.range(1.3, 2) : random.range(1.5, 3.1);
      const tall = conifer ? half * 2.1 : half * random.range(0.85, 1.15);
      const trunk = conifer ? 0.7 : random.range(1.7, 2.6);
      const place = { ...onStreet(plan, s, sign * (distance + random.range(-0.5, 0.5))), z: KERB };
      const body = new Body(mesh, place, 0, random.integer(0, 60000));
      const r = random.range(0.1, 0.22);
      body.limb(
        [0, 0, 0],
        [0.05, 0.05, trunk + tall * 0.7],
        r,
        r * 0.6,
        body.surface(bark, { texture: Texture.Bark }),
        8,
      );
      const crown = body.surface(conifer ? needles : autumn ? autumnLeaves : leaves, { texture: Texture.Leaf });
      mesh.billboards.push({
        center: body.point(0, 0, trunk + tall * 0.92),
        halfWidth: half,
        halfHeight: tall,
        picture,
        surface: crown,
      });
    }
  }
  if (room > 1 && random.chance(0.6)) {
    for (let s = -20; s < plan.length + 60; s += 0.9) {
      if (random.chance(0.04)) s += random.range(2, 9);
      const place = { ...onStreet(plan, s, sign * (lawn + 0.6)), z: KERB };
      const body = new Body(mesh, place, 0, random.integer(0, 60000));
      const bush = body.surface(leaves, { texture: Texture.Leaf });
      mesh.billboards.push({
        center: body.point(0, 0, 0.42),
        halfWidth: 0.68,
        halfHeight: 0.5,
        picture: 6 + random.integer(0, 1),
        surface: bush,
      });
    }
  }
}

/** What closes the view at the end of the street. */
function drawEnd(mesh: Mesh, plan: StreetPlan, random: Random, night: boolean): void {
  for (let t = -60; t <= 60; t += random.range(4, 7)) {
    const place = { ...onStreet(plan, plan.length + 90 + random.range(0, 12), t), z: 0 };
    const body = new Body(mesh, place, 0, random.integer(0, 60000));
    const half = random.range(2.5, 4.5);
    const crown = body.surface(leaves, { texture: Texture.Leaf });
    mesh.billboards.push({
      center: body.point(0, 0, half + 0.6),
      halfWidth: half,
      halfHeight: half,
      picture: random.integer(0, 3),
      surface: crown,
    });
  }
  drawHouse(mesh, plan, random, plan.length + 112, 14, 30, night);
  drawHouse(mesh, plan, random, plan.length + 112, -14, 30, night);
}

function drawLamps(mesh: Mesh, plan: StreetPlan, random: Random, night: boolean): Lamp[] {
  const lamps: Lamp[] = [];
  const gap = random.range(22, 48);
  const side = random.pick([0, 1] as const);
  const sodium = random.chance(0.4);
  const tint: [number, number, number, number] = sodium ? [1, 0.62, 0.25, 0.9] : [0.9, 1, 1, 0.16];
  const on = night && random.chance(0.8);
  for (let s = random.range(-15, 20); s < plan.length + 80; s += gap * random.range(0.9, 1.1)) {
    const sign = side === 0 ? 1 : -1;
    const place = {
      ...onStreet(plan, s, sign * (kerbAt(plan, side) + 0.45), sign > 0 ? -Math.PI / 2 : Math.PI / 2),
      z: KERB,
    };
    const body = new Body(mesh, place, 0, random.integer(0, 60000));
    const h = random.range(4.6, 6.2);
    const post = body.surface(paintedMetal);
    body.limb([0, 0, 0], [0, 0, h], 0.075, 0.05, post, 8);
    body.rod([0, 0, h], [1.3, 0, h + 0.25], 0.04, post, 6);
    const works = on && random.chance(0.88);
    const head = body.surface(
      works
        ? material({ rgb: [0.8, 0.8, 0.8], heat: 9, glow: [tint[0] * 6, tint[1] * 6, tint[2] * 6, tint[3] * 6] })
        : white,
    );
    body.box(1.45, 0, h + 0.26, 0.26, 0.11, 0.05, head);
    if (works) lamps.push({ position: body.point(1.45, 0, h + 0.1), power: random.range(0.6, 1.5), tint });
  }
  return lamps;
}
