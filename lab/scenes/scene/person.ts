import { cos, sin } from '../exactMath.js';
import { type Material, Texture } from '../render/material.js';
import { add, mixVectors, type Vector } from '../render/vector.js';
import type { Random } from '../random.js';
import { blackPlastic, cloth, hair, rubber, skin } from './palette.js';
import type { Body } from './body.js';

/** What stays the same about a person from frame to frame. */
export interface PersonLook {
  readonly height: number;
  readonly build: number;
  readonly skin: Material;
  readonly hair: Material;
  readonly hairLength: number;
  readonly top: Material;
  readonly stripe: Material;
  readonly striped: boolean;
  readonly legs: Material;
  readonly shoes: Material;
  readonly longSleeves: boolean;
  readonly shorts: boolean;
  readonly skirt: boolean;
  readonly coat: boolean;
  readonly hat: boolean;
  readonly carries: 'nothing' | 'backpack' | 'bag' | 'umbrella' | 'phone';
  readonly accessory: Material;
}

/** One moment of a body: the step's phase (radians), how far it strides, and what the arms do. */
export interface PersonPose {
  readonly phase: number;
  readonly stride: number;
  readonly lean: number;
  readonly turn: number;
}

export function personLook(random: Random): PersonLook {
  const child = random.chance(0.12);
  return {
    height: child ? random.range(1.05, 1.4) : random.range(1.52, 1.9),
    build: random.range(0.88, 1.22),
    skin: skin(random),
    hair: {
      ...hair,
      rgb: random.pick([hair.rgb, hair.rgb, [0.09, 0.05, 0.03], [0.3, 0.22, 0.1], [0.35, 0.35, 0.34]] as const),
    },
    hairLength: random.next(),
    top: cloth(random, random.range(2.5, 5.5)),
    stripe: cloth(random, 4),
    striped: random.chance(0.3),
    legs: cloth(random, random.range(2.5, 5)),
    shoes: cloth(random, 1),
    longSleeves: random.chance(0.65),
    shorts: random.chance(0.18),
    skirt: random.chance(0.16),
    coat: random.chance(0.2),
    hat: random.chance(0.16),
    carries: random.pick(['nothing', 'nothing', 'backpack', 'backpack', 'bag', 'umbrella', 'phone'] as const),
    accessory: cloth(random, 0.5),
  };
}

/** A standing or walking person whose feet are at the body's origin. */
export function drawPerson(body: Body, look: PersonLook, pose: PersonPose): void {
  const h = look.height;
  const w = look.build;
  const hip = 0.52 * h;
  const bob = 0.012 * h * cos(2 * pose.phase) * pose.stride;
  const pelvis: Vector = [0, 0, hip - 0.02 * pose.stride * h + bob];
  const chest: Vector = add(pelvis, [0.27 * h * sin(pose.lean), 0, 0.27 * h * cos(pose.lean)]);
  const pants = body.surface(look.legs, { texture: Texture.Cloth });
  const shoes = body.surface(look.shoes);
  const skinSurface = body.surface(look.skin);
  for (const side of [-1, 1]) {
    const swing = pose.stride * 0.5 * sin(pose.phase + (side > 0 ? 0 : Math.PI));
    const bend = pose.stride * 0.55 * Math.max(0, -cos(pose.phase + (side > 0 ? 0 : Math.PI))) + 0.04;
    const thigh = 0.25 * h;
    const shin = 0.25 * h;
    const top: Vector = add(pelvis, [0, side * 0.055 * h * w, 0]);
    const knee = add(top, [thigh * sin(swing), 0, -thigh * cos(swing)]);
    const ankle = add(knee, [shin * sin(swing - bend), 0, -shin * cos(swing - bend)]);
    body.limb(top, knee, 0.052 * h * w, 0.035 * h * w, look.skirt && !look.shorts ? skinSurface : pants);
    body.limb(knee, ankle, 0.034 * h * w, 0.024 * h * w, look.shorts || look.skirt ? skinSurface : pants);
    const foot = add(ankle, [0.045 * h, 0, -0.005 * h]);
    body.ellipsoid(foot[0], foot[1], Math.max(0.02 * h, foot[2]), 0.078 * h, 0.028 * h, 0.024 * h, shoes, 4, 7);
  }
  drawTorso(body, look, pelvis, chest);
  drawHead(body, look, chest, pose.turn, skinSurface);
  drawArms(body, look, chest, pose, skinSurface);
  drawBelongings(body, look, chest, pelvis);
}

function topSurface(body: Body, look: PersonLook, origin: Vector): number {
  return body.surface(look.top, {
    texture: look.striped ? Texture.Bands : Texture.Cloth,
    second: look.stripe,
    origin,
    v: [0, 0, 1],
    p: [look.height * 0.07, 0.4, 0, 0],
  });
}

function drawTorso(body: Body, look: PersonLook, pelvis: Vector, chest: Vector): void {
  const h = look.height;
  const w = look.build;
  const shirt = topSurface(body, look, pelvis);
  const ring = (t: number, depth: number, width: number): { center: Vector; a: Vector; b: Vector } => ({
    center: body.at(mixVectors(pelvis, chest, t)),
    a: body.direction(depth * h * w, 0, 0),
    b: body.direction(0, width * h * w, 0),
  });
  body.mesh.tube(
    [
      ring(-0.16, 0.045, 0.07),
      ring(-0.05, 0.062, 0.092),
      ring(0.35, 0.056, 0.083),
      ring(0.7, 0.064, 0.104),
      ring(0.96, 0.058, 0.118),
      ring(1.08, 0.042, 0.082),
      ring(1.16, 0.028, 0.034),
    ],
    shirt,
    10,
  );
  if (look.skirt || look.coat) {
    const flare = look.skirt ? 0.13 : 0.105;
    const cloth = look.skirt ? body.surface(look.legs, { texture: Texture.Cloth }) : shirt;
    body.mesh.tube(
      [ring(0.25, 0.062, 0.088), ring(-0.2, 0.085, 0.108), ring(look.skirt ? -0.85 : -0.95, 0.095, flare)],
      cloth,
      10,
    );
  }
}

function drawHead(body: Body, look: PersonLook, chest: Vector, turn: number, skinSurface: number): void {
  const h = look.height;
  const size = 0.066 * h * (h < 1.4 ? 1.2 : 1);
  const head = add(chest, [0.015 * h, 0, 0.085 * h + size]);
  const [s, c] = [sin(turn), cos(turn)];
  body.limb(add(chest, [0, 0, 0.02 * h]), head, 0.03 * h, 0.03 * h, skinSurface);
  body.ellipsoid(head[0], head[1], head[2], size * 0.92, size * 0.78, size * 1.16, skinSurface, 7, 10);
  const hairSurface = body.surface(look.hair);
  const back = -0.2 * size;
  body.ellipsoid(
    head[0] + back * c,
    head[1] + back * s,
    head[2] + 0.24 * size,
    size * 0.95,
    size * 0.86,
    size * 1.02,
    hairSurface,
    6,
    10,
  );
  if (look.hairLength > 0.62) {
    body.ellipsoid(
      head[0] - 0.42 * size * c,
      head[1] - 0.42 * size * s,
      head[2] - 0.55 * size,
      size * 0.5,
      size * 0.72,
      size * 1.2,
      hairSurface,
      5,
      8,
    );
  }
  if (look.hat) {
    const cap = body.surface(look.accessory);
    body.ellipsoid(head[0], head[1], head[2] + 0.5 * size, size * 1.02, size * 0.95, size * 0.8, cap, 5, 10);
    body.ellipsoid(
      head[0] + 0.8 * size * c,
      head[1] + 0.8 * size * s,
      head[2] + 0.42 * size,
      size * 0.75,
      size * 0.7,
      size * 0.1,
      cap,
      4,
      8,
    );
  }
}

function drawArms(body: Body, look: PersonLook, chest: Vector, pose: PersonPose, skinSurface: number): void {
  const h = look.height;
  const sleeve = body.surface(look.top, { texture: Texture.Cloth });
  for (const side of [-1, 1]) {
    const raised = (look.carries === 'umbrella' || look.carries === 'phone') && side < 0;
    const swing = raised ? 0.35 : -0.42 * pose.stride * sin(pose.phase + (side > 0 ? 0 : Math.PI)) + 0.05;
    const bend = raised ? 1.9 : 0.25 + 0.25 * pose.stride;
    const shoulder = add(chest, [0, side * 0.118 * h * look.build, 0]);
    const elbow = add(shoulder, [0.17 * h * sin(swing), side * 0.022 * h, -0.17 * h * cos(swing)]);
    const hand = add(elbow, [0.155 * h * sin(swing + bend), -side * 0.01 * h, -0.155 * h * cos(swing + bend)]);
    body.limb(shoulder, elbow, 0.036 * h * look.build, 0.027 * h * look.build, sleeve, 6);
    body.limb(elbow, hand, 0.026 * h, 0.02 * h, look.longSleeves ? sleeve : skinSurface, 6);
    body.ellipsoid(hand[0], hand[1], hand[2] - 0.012 * h, 0.024 * h, 0.016 * h, 0.032 * h, skinSurface, 4, 6);
    if (raised && look.carries === 'umbrella') {
      const tip = add(hand, [-0.05, 0.05, 0.62]);
      body.rod(hand, tip, 0.012, body.surface(blackPlastic));
      const canopy = body.surface(look.accessory);
      body.lathe(
        [
          [tip[2] - 0.2, 0.5, 0.5, tip[0]],
          [tip[2] - 0.1, 0.4, 0.4, tip[0]],
          [tip[2] - 0.02, 0.2, 0.2, tip[0]],
          [tip[2], 0.02, 0.02, tip[0]],
        ],
        canopy,
        10,
        false,
      );
    }
  }
}

function drawBelongings(body: Body, look: PersonLook, chest: Vector, pelvis: Vector): void {
  const h = look.height;
  if (look.carries === 'backpack') {
    const pack = body.surface(look.accessory);
    body.ellipsoid(chest[0] - 0.105 * h, 0, chest[2] - 0.09 * h, 0.07 * h, 0.1 * h, 0.14 * h, pack, 6, 8);
  } else if (look.carries === 'bag') {
    const bag = body.surface(look.accessory);
    body.box(pelvis[0], 0.17 * h, pelvis[2] - 0.1 * h, 0.12, 0.04, 0.1, bag);
    body.rod([pelvis[0], 0.17 * h, pelvis[2]], [chest[0], 0.09 * h, chest[2] + 0.02 * h], 0.012, body.surface(rubber));
  }
}
