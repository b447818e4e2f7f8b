import { cos, sin } from '../exactMath.js';
import { material, type Material, Texture } from '../render/material.js';
import type { Vector } from '../render/vector.js';
import type { Random } from '../random.js';
import type { Body } from './body.js';
import { blackPlastic, carPaint, glass, metal, rubber, warmer, white } from './palette.js';

/** Proportions of a car in metres; stations along x (front is +). */
export interface CarLook {
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly belt: number;
  readonly clearance: number;
  /** x of the cabin: bottom rear, top rear, top front, bottom front, as shares of half the length. */
  readonly cabin: readonly [number, number, number, number];
  readonly bonnet: number;
  readonly boot: number;
  readonly paint: Material;
  readonly cargo: boolean;
  /** 0 parked for hours … 1 just driven. */
  readonly warmth: number;
  readonly taxiSign: boolean;
}

const shapes = {
  hatch: {
    length: 3.9,
    width: 1.68,
    height: 1.5,
    belt: 0.92,
    cabin: [-0.97, -0.8, 0.12, 0.5],
    bonnet: 0.8,
    boot: 0.93,
  },
  sedan: {
    length: 4.6,
    width: 1.76,
    height: 1.45,
    belt: 0.92,
    cabin: [-0.72, -0.4, 0.1, 0.46],
    bonnet: 0.78,
    boot: 0.88,
  },
  wagon: {
    length: 4.6,
    width: 1.76,
    height: 1.5,
    belt: 0.94,
    cabin: [-0.97, -0.86, 0.1, 0.46],
    bonnet: 0.8,
    boot: 0.93,
  },
  suv: {
    length: 4.5,
    width: 1.84,
    height: 1.72,
    belt: 1.08,
    cabin: [-0.97, -0.84, 0.12, 0.44],
    bonnet: 0.95,
    boot: 1.05,
  },
  kei: {
    length: 3.4,
    width: 1.48,
    height: 1.72,
    belt: 0.98,
    cabin: [-0.98, -0.92, 0.42, 0.74],
    bonnet: 0.84,
    boot: 0.98,
  },
  van: {
    length: 4.7,
    width: 1.76,
    height: 1.98,
    belt: 1.12,
    cabin: [-0.985, -0.95, 0.62, 0.9],
    bonnet: 0.98,
    boot: 1.1,
  },
  truck: { length: 4.8, width: 1.7, height: 1.98, belt: 1.1, cabin: [0.35, 0.4, 0.82, 0.96], bonnet: 1.02, boot: 0.85 },
} as const;

export function carLook(random: Random): CarLook {
  const kind = random.pick(['hatch', 'hatch', 'sedan', 'sedan', 'wagon', 'suv', 'kei', 'kei', 'van', 'truck'] as const);
  const shape = shapes[kind];
  const stretch = random.range(0.95, 1.06);
  return {
    ...shape,
    length: shape.length * stretch,
    width: shape.width * random.range(0.97, 1.04),
    height: shape.height * random.range(0.97, 1.03),
    clearance: kind === 'suv' ? 0.26 : 0.19,
    paint: carPaint(random),
    cargo: kind === 'truck',
    warmth: random.next(),
    taxiSign: kind === 'sedan' && random.chance(0.2),
  };
}

/** `lights`: headlamps and tail lamps lit; `heat`: engine and tyres as warm as the look says or 1 when driving. */
export function drawCar(body: Body, look: CarLook, driving: boolean, lights: boolean): void {
  const heat = driving ? Math.max(0.75, look.warmth) : look.warmth * 0.6;
  const half = look.length / 2;
  const skirt = look.clearance;
  const paint = body.surface(look.paint, { texture: Texture.CarSide, p: [skirt, look.belt, 0, 0] });
  const bonnet = body.surface(warmer(look.paint, 9 * heat), { texture: Texture.CarSide, p: [skirt, look.belt, 0, 0] });
  hull(body, look, paint, bonnet);
  cabin(body, look);
  for (const x of [0.63, -0.6]) for (const side of [-1, 1]) wheel(body, look, x * half, side, heat);
  ends(body, look, lights, heat);
  if (look.cargo) {
    const bed = body.surface(white, { texture: Texture.CarSide, p: [0.8, 1.4, 0, 0] });
    body.box(-0.3 * half, 0, 1.42, half * 0.66, look.width * 0.49, 0.55, bed);
  }
  if (look.taxiSign) body.box(0, 0, look.height + 0.06, 0.12, 0.2, 0.07, body.surface(white));
}

/** Lower body: rounded cross-sections from the rear bumper to the front one. */
function hull(body: Body, look: CarLook, paint: number, bonnet: number): void {
  const half = look.length / 2;
  const w = look.width / 2;
  const section = (x: number, top: number, bottom: number, wide: number): Vector[] => {
    const profile: [number, number][] = [
      [wide * 0.93, bottom],
      [wide, bottom + 0.12],
      [wide * 1.0, top - 0.22],
      [wide * 0.96, top - 0.05],
      [wide * 0.86, top],
      [wide * 0.4, top + 0.025],
    ];
    const left = profile.map(([y, z]): Vector => [x * half, y, z]);
    const right = profile.toReversed().map(([y, z]): Vector => [x * half, -y, z]);
    return [...left, ...right];
  };
  const { belt, clearance: c } = look;
  const stations = [
    section(-1, look.boot - 0.16, c + 0.16, w * 0.86),
    section(-0.985, look.boot - 0.06, c + 0.04, w * 0.92),
    section(-0.9, look.boot, c, w * 0.98),
    section(look.cabin[0] < -0.9 ? -0.8 : look.cabin[0], belt, c, w),
    section(look.cabin[3], belt, c, w),
    section(look.cabin[3] + (0.9 - look.cabin[3]) * 0.5, (belt + look.bonnet) / 2 + 0.03, c, w * 0.995),
    section(0.9, look.bonnet, c, w * 0.96),
    section(0.97, look.bonnet - 0.12, c + 0.03, w * 0.9),
    section(1, look.bonnet - 0.28, c + 0.14, w * 0.82),
  ];
  for (let i = 0; i + 1 < stations.length; i++) {
    const a = stations[i];
    const b = stations[i + 1];
    for (let j = 0; j + 1 < a.length; j++) {
      const surface = i >= 4 && j >= 3 && j <= 7 ? bonnet : paint;
      body.quad(b[j], a[j], a[j + 1], b[j + 1], surface);
    }
  }
  for (const [index, sign] of [
    [0, -1],
    [stations.length - 1, 1],
  ] as const) {
    const points = stations[index].map((p) => body.at(p));
    body.mesh.polygon(points, paint, body.direction(sign, 0, 0.1));
  }
  const under = body.surface(blackPlastic);
  body.box(0, 0, c + 0.02, half * 0.93, w * 0.9, 0.06, under);
}

/** Glass house: a truncated pyramid whose pillars and roof are painted. */
function cabin(body: Body, look: CarLook): void {
  const half = look.length / 2;
  const [x0, x1, x2, x3] = look.cabin.map((x) => x * half) as [number, number, number, number];
  const wb = look.width * 0.47;
  const wr = look.width * 0.39;
  const zb = look.belt - 0.02;
  const zt = look.height - 0.05;
  const pillars = body.surface(glass, {
    texture: Texture.Facade,
    second: look.paint,
    origin: [x0, 0, zb],
    u: [1, 0, 0],
    v: [0, 0, 1],
    p: [(x3 - x0) / (x3 - x0 > 2.6 ? 3 : 2), zt - zb, 0.92, 0.86],
  });
  const screen = body.surface(glass, {
    texture: Texture.Facade,
    second: look.paint,
    origin: [0, -wb, zb],
    u: [0, 1, 0],
    v: [0, 0, 1],
    p: [wb * 2, zt - zb, 0.9, 0.9],
  });
  const roof = body.surface(look.paint);
  for (const side of [-1, 1]) {
    body.quad([x0, side * wb, zb], [x3, side * wb, zb], [x2, side * wr, zt], [x1, side * wr, zt], pillars);
  }
  body.quad([x3, -wb, zb], [x3, wb, zb], [x2, wr, zt], [x2, -wr, zt], screen);
  body.quad([x0, -wb, zb], [x0, wb, zb], [x1, wr, zt], [x1, -wr, zt], screen);
  const crown = look.height;
  const inner = 0.82;
  const rim = [
    [x1, wr],
    [x2, wr],
    [x2, -wr],
    [x1, -wr],
  ] as const;
  const mid = (x1 + x2) / 2;
  for (let i = 0; i < 4; i++) {
    const [ax, ay] = rim[i];
    const [bx, by] = rim[(i + 1) % 4];
    const shrink = (x: number, y: number): Vector => [mid + (x - mid) * inner, y * inner, crown];
    body.quad([ax, ay, zt], [bx, by, zt], shrink(bx, by), shrink(ax, ay), roof);
  }
  body.quad(
    [mid + (x1 - mid) * inner, -wr * inner, crown],
    [mid + (x2 - mid) * inner, -wr * inner, crown],
    [mid + (x2 - mid) * inner, wr * inner, crown],
    [mid + (x1 - mid) * inner, wr * inner, crown],
    roof,
  );
  const mirror = body.surface(look.paint);
  for (const side of [-1, 1]) body.ellipsoid(x3 * 0.86, side * (wb + 0.16), zb + 0.1, 0.06, 0.12, 0.08, mirror, 4, 7);
}

function wheel(body: Body, look: CarLook, x: number, side: number, heat: number): void {
  const r = look.height > 1.65 ? 0.34 : 0.31;
  const y = (side * look.width) / 2;
  const arch = body.surface(blackPlastic);
  const tyre = body.surface(warmer(rubber, 11 * heat));
  const rim = body.surface(warmer(metal, 8 * heat));
  const disc = (radius: number, offset: number, surface: number): void => {
    const points = Array.from({ length: 16 }, (_, i): Vector =>
      body.point(x + radius * cos((Math.PI * i) / 8), offset, r + radius * sin((Math.PI * i) / 8)),
    );
    body.mesh.polygon(points, surface, body.direction(0, side, 0));
  };
  disc(r * 1.2, y * 1.003, arch);
  body.mesh.tube(
    [y - side * 0.2, y + side * 0.012].map((offset) => ({
      center: body.point(x, offset, r),
      a: body.direction(r, 0, 0),
      b: body.direction(0, 0, r),
    })),
    tyre,
    16,
  );
  disc(r * 0.66, y + side * 0.016, rim);
  const hub = body.surface(blackPlastic);
  for (let i = 0; i < 5; i++) {
    const [s, c] = [sin((2 * Math.PI * i) / 5 + x), cos((2 * Math.PI * i) / 5 + x)];
    const at = (radius: number, twist: number): Vector => [
      x + radius * c - twist * s,
      y + side * 0.02,
      r + radius * s + twist * c,
    ];
    body.quad(at(r * 0.22, -0.02), at(r * 0.58, -0.05), at(r * 0.58, 0.05), at(r * 0.22, 0.02), hub);
  }
}

const headlampLit = material({ rgb: [0.9, 0.9, 0.88], heat: 12, glow: [9, 8.6, 7.5, 8] });
const tailLit = material({ rgb: [0.5, 0.04, 0.03], heat: 5, glow: [2.6, 0.12, 0.08, 1.6] });
const headlamp = material({ rgb: [0.62, 0.64, 0.66], nir: 0.6, mir: 0.2, fir: 0.88, gloss: 0.2 });
const tailLamp = material({ rgb: [0.42, 0.03, 0.03], nir: 0.5, mir: 0.1, fir: 0.9, gloss: 0.1 });

function ends(body: Body, look: CarLook, lights: boolean, heat: number): void {
  const half = look.length / 2;
  const w = look.width / 2;
  const front = body.surface(lights ? headlampLit : headlamp);
  const rear = body.surface(lights ? tailLit : tailLamp);
  const dark = body.surface(warmer(blackPlastic, 6 * heat));
  const plate = body.surface(white);
  for (const side of [-1, 1]) {
    body.ellipsoid(half * 0.965, side * w * 0.66, look.bonnet - 0.19, 0.09, 0.17, 0.075, front, 4, 8);
    body.ellipsoid(-half * 0.965, side * w * 0.76, look.boot - 0.17, 0.1, 0.1, 0.12, rear, 4, 8);
  }
  body.box(half * 0.985, 0, look.bonnet - 0.26, 0.05, w * 0.42, 0.07, dark);
  body.box(half * 0.985, 0, look.clearance + 0.16, 0.05, w * 0.62, 0.07, dark);
  body.box(half * 1.0, 0, look.clearance + 0.2, 0.02, 0.17, 0.08, plate);
  body.box(-half * 0.99, 0, look.boot - 0.36, 0.03, 0.17, 0.08, plate);
  body.box(-half * 0.985, 0, look.clearance + 0.12, 0.04, w * 0.75, 0.08, dark);
  body.ellipsoid(
    -half * 0.99,
    w * 0.55,
    look.clearance + 0.02,
    0.1,
    0.05,
    0.05,
    body.surface(warmer(metal, 40 * heat)),
    4,
    6,
  );
}
