import { cos, sin } from '../exactMath.js';
import type { Material } from '../render/material.js';
import type { Vector } from '../render/vector.js';
import { add, length, scale, subtract } from '../render/vector.js';
import type { Random } from '../random.js';
import type { Body } from './body.js';
import { blackPlastic, carPaint, metal, rubber, warmer } from './palette.js';
import { type PersonLook, personLook } from './person.js';
import { Texture, material } from '../render/material.js';

export interface BikeLook {
  readonly frame: Material;
  readonly rider: PersonLook;
  readonly basket: boolean;
  readonly motor: boolean;
  readonly lamp: boolean;
  readonly scale: number;
}

export function bikeLook(random: Random): BikeLook {
  return {
    frame: carPaint(random),
    rider: { ...personLook(random), height: random.range(1.55, 1.85), skirt: false, coat: false },
    basket: random.chance(0.4),
    motor: random.chance(0.22),
    lamp: random.chance(0.7),
    scale: random.range(0.94, 1.06),
  };
}

const lampGlow = material({ rgb: [0.8, 0.8, 0.75], heat: 6, glow: [2.2, 2, 1.6, 1.5] });

/** A bicycle or scooter with its rider; `turn` is the crank's angle, `lean` tilts it, feet on the pedals. */
export function drawBike(body: Body, look: BikeLook, turn: number, night: boolean): void {
  const k = look.scale;
  const r = (look.motor ? 0.25 : 0.335) * k;
  const reach = (look.motor ? 0.6 : 0.53) * k;
  const tyre = body.surface(look.motor ? warmer(rubber, 6) : rubber);
  const frame = body.surface(look.frame);
  for (const x of [-reach, reach]) wheel(body, x, r, look.motor ? 0.055 : 0.024, tyre);
  const seat: Vector = [-0.2 * k, 0, look.motor ? 0.78 * k : 0.93 * k];
  const bars: Vector = [0.4 * k, 0, 1.02 * k];
  const crank: Vector = [-0.06 * k, 0, look.motor ? 0.32 : 0.3 * k];
  const head: Vector = [0.38 * k, 0, 0.78 * k];
  if (look.motor) {
    body.ellipsoid(-0.35, 0, 0.52, 0.42, 0.17, 0.2, frame, 6, 9);
    body.ellipsoid(0.42, 0, 0.62, 0.12, 0.2, 0.36, frame, 6, 9);
    body.box(0.08, 0, 0.28, 0.34, 0.15, 0.05, frame);
    body.ellipsoid(-0.3, 0, 0.34, 0.22, 0.13, 0.12, body.surface(warmer(metal, 26)), 5, 8);
    body.ellipsoid(-0.25, 0, 0.75, 0.34, 0.15, 0.07, body.surface(blackPlastic), 5, 8);
  } else {
    const tubes: [Vector, Vector][] = [
      [crank, seat],
      [crank, head],
      [[-0.17 * k, 0, 0.78 * k], head],
      [crank, [-reach, 0, r]],
      [
        [-0.17 * k, 0, 0.76 * k],
        [-reach, 0, r],
      ],
    ];
    for (const [from, to] of tubes) body.rod(from, to, 0.019, frame);
    body.ellipsoid(seat[0], 0, seat[2] + 0.02, 0.14, 0.07, 0.035, body.surface(blackPlastic), 4, 7);
  }
  body.rod([reach, 0, r], bars, 0.02, frame);
  body.rod([bars[0], -0.27, bars[2]], [bars[0], 0.27, bars[2]], 0.016, body.surface(blackPlastic));
  if (look.basket) body.box(0.62 * k, 0, 0.82 * k, 0.15, 0.17, 0.12, body.surface(blackPlastic));
  const lamp = body.surface(night && look.lamp ? lampGlow : metal);
  body.ellipsoid(0.52 * k, 0, 0.84 * k, 0.05, 0.05, 0.05, lamp, 4, 7);
  drawRider(body, look, seat, bars, crank, turn);
}

function wheel(body: Body, x: number, r: number, thickness: number, surface: number): void {
  const sides = 18;
  const rim = (radius: number, y: number, i: number): Vector =>
    body.point(x + radius * cos((2 * Math.PI * i) / sides), y, r + radius * sin((2 * Math.PI * i) / sides));
  for (let i = 0; i < sides; i++) {
    for (const [ra, ya, rb, yb] of [
      [r, 0, r - thickness, thickness * 0.7],
      [r, 0, r - thickness, -thickness * 0.7],
    ] as const) {
      body.mesh.quad(rim(ra, ya, i), rim(ra, ya, i + 1), rim(rb, yb, i + 1), rim(rb, yb, i), surface);
    }
  }
  const spokes = 7;
  for (let i = 0; i < spokes; i++) {
    const a = (2 * Math.PI * i) / spokes;
    body.rod([x, 0, r], [x + (r - thickness) * cos(a), 0, r + (r - thickness) * sin(a)], 0.006, surface, 3);
  }
  body.ellipsoid(x, 0, r, 0.04, 0.05, 0.04, surface, 3, 6);
}

function drawRider(body: Body, look: BikeLook, seat: Vector, bars: Vector, crank: Vector, turn: number): void {
  const { rider } = look;
  const h = rider.height;
  const w = rider.build;
  const skin = body.surface(rider.skin);
  const pants = body.surface(rider.legs, { texture: Texture.Cloth });
  const pelvis: Vector = add(seat, [0, 0, 0.07]);
  const lean = look.motor ? 0.08 : 0.32;
  const chest = add(pelvis, [0.27 * h * sin(lean), 0, 0.27 * h * cos(lean)]);
  const shirt = body.surface(rider.top, {
    texture: rider.striped ? Texture.Bands : Texture.Cloth,
    second: rider.stripe,
    origin: pelvis,
    p: [h * 0.07, 0.4, 0, 0],
  });
  const ring = (t: number, depth: number, width: number): { center: Vector; a: Vector; b: Vector } => ({
    center: body.point(pelvis[0] + (chest[0] - pelvis[0]) * t, 0, pelvis[2] + (chest[2] - pelvis[2]) * t),
    a: body.direction(depth * h * w, 0, 0),
    b: body.direction(0, width * h * w, 0),
  });
  body.mesh.tube(
    [
      ring(-0.15, 0.05, 0.07),
      ring(0, 0.065, 0.095),
      ring(0.4, 0.058, 0.085),
      ring(0.9, 0.06, 0.116),
      ring(1.12, 0.03, 0.05),
    ],
    shirt,
    9,
  );
  for (const side of [-1, 1]) {
    const a = turn + (side > 0 ? 0 : Math.PI);
    const pedal: Vector = look.motor
      ? [0.22, side * 0.12, 0.36]
      : [crank[0] + 0.17 * cos(a), side * 0.1, crank[2] + 0.17 * sin(a)];
    const hip = add(pelvis, [0, side * 0.055 * h, -0.03]);
    const knee = elbow(hip, pedal, 0.255 * h, [0.8, 0, 0.6]);
    body.limb(hip, knee, 0.05 * h * w, 0.034 * h * w, pants);
    body.limb(knee, pedal, 0.034 * h * w, 0.024 * h * w, rider.shorts ? skin : pants);
    body.ellipsoid(pedal[0] + 0.05, pedal[1], pedal[2] - 0.02, 0.12, 0.045, 0.04, body.surface(rider.shoes), 4, 7);
    const shoulder = add(chest, [0, side * 0.115 * h * w, -0.01]);
    const grip: Vector = [bars[0] - 0.03, side * 0.24, bars[2] + 0.02];
    const joint = elbow(shoulder, grip, 0.17 * h, [-0.3, side * 0.6, -0.75]);
    const sleeve = body.surface(rider.top, { texture: Texture.Cloth });
    body.limb(shoulder, joint, 0.034 * h * w, 0.027 * h * w, sleeve, 6);
    body.limb(joint, grip, 0.026 * h, 0.02 * h, rider.longSleeves ? sleeve : skin, 6);
  }
  const size = 0.068 * h;
  const face = add(chest, [0.05 * h, 0, 0.075 * h + size]);
  body.limb(add(chest, [0, 0, 0.02]), face, 0.03 * h, 0.03 * h, skin);
  body.ellipsoid(face[0], 0, face[2], size * 0.92, size * 0.8, size * 1.15, skin, 7, 10);
  const helmet = look.motor || rider.hat;
  const cover = body.surface(helmet ? rider.accessory : rider.hair);
  const grow = look.motor ? 1.35 : helmet ? 1.12 : 1;
  body.ellipsoid(
    face[0] - 0.15 * size,
    0,
    face[2] + 0.28 * size,
    size * 1.02 * grow,
    size * 0.9 * grow,
    size * grow,
    cover,
    6,
    10,
  );
  if (rider.carries === 'backpack') {
    body.ellipsoid(
      chest[0] - 0.12 * h,
      0,
      chest[2] - 0.1 * h,
      0.07 * h,
      0.1 * h,
      0.13 * h,
      body.surface(rider.accessory),
      6,
      8,
    );
  }
}

/** The joint of two bones of equal length `bone` between `from` and `to`, bent towards `towards`. */
function elbow(from: Vector, to: Vector, bone: number, towards: Vector): Vector {
  const span = subtract(to, from);
  const half = length(span) / 2;
  const out = Math.sqrt(Math.max(0.0004, bone * bone - half * half));
  return add(add(from, scale(span, 0.5)), scale(towards, out));
}
