import { sin, cos } from '../exactMath.js';
import { type Material, Texture } from '../render/material.js';
import { add, type Vector } from '../render/vector.js';
import type { Random } from '../random.js';
import type { Body } from './body.js';
import { blackPlastic, fur, warmer } from './palette.js';

/** A four-legged animal: cat, dog, or deer, by its proportions. Lengths in metres. */
export interface AnimalLook {
  readonly kind: 'cat' | 'dog' | 'deer';
  readonly shoulder: number;
  readonly coat: Material;
  readonly patch: Material;
  readonly bulk: number;
  readonly muzzle: number;
  readonly earsUp: boolean;
  readonly tail: number;
}

export function animalLook(random: Random): AnimalLook {
  const kind = random.pick(['cat', 'dog', 'dog', 'dog', 'deer'] as const);
  const coat = fur(random);
  const shoulder = { cat: random.range(0.27, 0.34), dog: random.range(0.38, 0.72), deer: random.range(0.7, 0.9) }[kind];
  return {
    kind,
    shoulder,
    coat,
    patch: random.chance(0.5) ? { ...fur(random), heat: coat.heat } : coat,
    bulk: kind === 'deer' ? 0.9 : random.range(0.85, 1.25),
    muzzle: kind === 'cat' ? 0.5 : random.range(0.85, 1.3),
    earsUp: kind !== 'dog' || random.chance(0.5),
    tail: kind === 'deer' ? 0.25 : random.range(0.6, 1),
  };
}

/** `phase` moves the legs, `stride` is 0 standing … 1 trotting, `head` lowers (−) or raises (+) the head. */
export function drawAnimal(body: Body, look: AnimalLook, phase: number, stride: number, head: number): void {
  const h = look.shoulder;
  const b = look.bulk;
  const coat = body.surface(look.coat, { texture: Texture.Fur, second: look.patch, p: [0.5 / h, 0, 0, 0] });
  const half = h * (look.kind === 'cat' ? 0.72 : 0.62);
  const back = h * 0.86;
  const ring = (x: number, z: number, hz: number, hy: number): { center: Vector; a: Vector; b: Vector } => ({
    center: body.point(x, 0, z),
    a: body.direction(0, hy * h * b, 0),
    b: body.direction(0, 0, hz * h * b),
  });
  body.mesh.tube(
    [
      ring(-half * 1.12, back * 0.98, 0.05, 0.05),
      ring(-half, back * 0.96, 0.17, 0.14),
      ring(-half * 0.3, back * 0.97, 0.17, 0.15),
      ring(half * 0.4, back * 0.93, 0.22, 0.17),
      ring(half * 0.85, back * 0.96, 0.21, 0.16),
      ring(half * 1.12, back * 1.02, 0.12, 0.1),
    ],
    coat,
    9,
  );
  for (const [x, side, offset] of [
    [-half * 0.85, 1, 0],
    [-half * 0.85, -1, 3.1],
    [half * 0.8, 1, 2.6],
    [half * 0.8, -1, 5.7],
  ] as const) {
    const swing = 0.5 * stride * sin(phase + offset);
    const bend = x < 0 ? -0.35 : 0.2;
    const hip: Vector = [x, side * 0.09 * h * b, back * 0.85];
    const knee = add(hip, [0.4 * h * sin(swing + bend * 0.5), 0, -0.4 * h * cos(swing + bend * 0.5)]);
    const foot: Vector = add(knee, [0.42 * h * sin(swing - bend * 0.5), 0, -Math.max(0.2, knee[2] / h - 0.03) * h]);
    body.limb(hip, knee, 0.1 * h * b * (x < 0 ? 1.15 : 0.95), 0.05 * h, coat, 6);
    body.limb(knee, foot, 0.045 * h, 0.032 * h, coat, 6);
    body.ellipsoid(foot[0] + 0.03 * h, foot[1], foot[2] + 0.02 * h, 0.06 * h, 0.04 * h, 0.035 * h, coat, 4, 6);
  }
  drawNeckAndHead(body, look, half, back, head, coat);
  const tailBase: Vector = [-half * 1.08, 0, back];
  const tailTip: Vector = add(tailBase, [
    -0.45 * h * look.tail,
    0.1 * h * sin(phase),
    (look.kind === 'cat' ? 0.5 : 0.2) * h * look.tail,
  ]);
  body.limb(tailBase, tailTip, 0.05 * h, 0.03 * h, coat, 6);
}

function drawNeckAndHead(body: Body, look: AnimalLook, half: number, back: number, lift: number, coat: number): void {
  const h = look.shoulder;
  const long = look.kind === 'deer' ? 0.55 : look.kind === 'dog' ? 0.3 : 0.2;
  const base: Vector = [half * 0.95, 0, back * 1.03];
  const angle = 0.75 + 0.55 * lift;
  const skull = add(base, [long * h * cos(angle) + 0.1 * h, 0, long * h * sin(angle) + 0.02 * h]);
  const r = (look.kind === 'deer' ? 0.13 : look.kind === 'dog' ? 0.165 : 0.2) * h;
  const face = body.surface(warmer(look.coat, 2.5), {
    texture: Texture.Fur,
    second: look.patch,
    p: [0.5 / h, 0, 0, 0],
  });
  body.limb(base, skull, 0.14 * h * look.bulk, 0.1 * h, coat, 7);
  body.ellipsoid(skull[0], 0, skull[2], r * 1.08, r * 0.9, r * 0.95, face, 6, 9);
  const nose = add(skull, [r * (0.75 + 0.75 * look.muzzle), 0, -r * 0.32]);
  body.limb(add(skull, [r * 0.4, 0, -r * 0.2]), nose, r * 0.55, r * 0.36, face, 7);
  body.ellipsoid(
    nose[0] + r * 0.2,
    0,
    nose[2] + 0.08 * r,
    r * 0.18,
    r * 0.18,
    r * 0.14,
    body.surface(blackPlastic),
    3,
    6,
  );
  for (const side of [-1, 1]) {
    const root: Vector = add(skull, [-0.15 * r, side * r * 0.6, r * 0.6]);
    const tip = add(root, look.earsUp ? [-0.1 * r, side * 0.25 * r, 0.85 * r] : [0, side * 0.45 * r, -0.75 * r]);
    body.limb(root, tip, r * 0.3, r * 0.1, face, 5);
  }
}
