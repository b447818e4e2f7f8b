import { sin } from '../exactMath.js';
import type { ClassName } from '../classes.js';
import type { Random } from '../random.js';
import type { Mesh } from '../render/mesh.js';
import { animalLook, drawAnimal } from './animal.js';
import { bikeLook, drawBike } from './bike.js';
import { Body, type Placement } from './body.js';
import { carLook, drawCar } from './car.js';
import { drawPerson, personLook } from './person.js';
import { carStop, cone, type Prop, unknown } from './props.js';
import { bump, hole } from './roadProps.js';
import { kerbAt, onStreet, type StreetPlan } from './street.js';

/** A labelled thing: where it is at a time (seconds) and how it is drawn then. */
export interface Actor {
  readonly label: ClassName;
  readonly radius: number;
  readonly place: (time: number) => Placement;
  readonly draw: (mesh: Mesh, instance: number, time: number) => void;
}

/** How the ego vehicle moves: metres along the street at a time, and its lane. */
export interface Course {
  readonly speed: number;
  readonly lane: number;
}

interface Spot {
  readonly along: number;
  readonly across: number;
  readonly radius: number;
}

/** Fills the street with the nine classes. Things that stand still keep clear of each other and of the ego's lane. */
export function makeActors(plan: StreetPlan, course: Course, random: Random, night: boolean): Actor[] {
  const taken: Spot[] = [];
  const actors: Actor[] = [];
  const end = plan.length + 45;
  const free = (along: number, across: number, radius: number): boolean =>
    taken.every(
      (s) =>
        (s.along - along) * (s.along - along) + (s.across - across) * (s.across - across) >
        (s.radius + radius) * (s.radius + radius),
    );
  const every = (name: string, gap: number, make: (along: number, random: Random) => void): void => {
    const stream = random.fork(name);
    const rate = gap * stream.range(0.6, 1.6);
    for (let s = stream.range(2, 2 + rate); s < end; s += rate * stream.range(0.4, 1.6)) make(s, stream);
  };
  const stand = (
    label: ClassName,
    along: number,
    across: number,
    turn: number,
    prop: { draw: Prop; radius: number },
    r: Random,
  ): boolean => {
    if (!free(along, across, prop.radius)) return false;
    taken.push({ along, across, radius: prop.radius });
    const placement = onStreet(plan, along, across, turn);
    const seed = r.integer(0, 60000);
    actors.push({
      label,
      radius: prop.radius,
      place: () => placement,
      draw: (mesh, instance) => prop.draw(new Body(mesh, placement, instance, seed)),
    });
    return true;
  };
  const side = (r: Random): 0 | 1 => r.pick([0, 1] as const);
  const signOf = (s: 0 | 1): number => (s === 0 ? 1 : -1);

  every('parked cars', 22, (s, r) => {
    const which = plan.parking[0] > 0 && (plan.parking[1] === 0 || r.chance(0.5)) ? 0 : 1;
    const width = plan.parking[which];
    const look = carLook(r);
    const wide = width > 4;
    const across =
      width > 0 ? signOf(which) * (plan.road + (wide ? 2.4 : width / 2)) : signOf(which) * (plan.road - 0.95);
    if (width === 0 && signOf(which) * course.lane > 0) return;
    const turn = (wide ? Math.PI / 2 : 0) + (r.chance(0.5) ? Math.PI : 0) + r.range(-0.06, 0.06);
    const lights = night && r.chance(0.15);
    stand(
      'car',
      s,
      across,
      turn,
      { radius: wide ? 1.15 : look.length / 2 + 0.2, draw: (b) => drawCar(b, look, false, lights) },
      r,
    );
  });
  every('moving cars', 60, (s, r) => {
    const look = carLook(r);
    const speed = r.range(3, 7);
    const lane = -course.lane * r.range(0.95, 1.15);
    const seed = r.integer(0, 60000);
    const place = (time: number): Placement =>
      onStreet(plan, s + 25 - speed * (time - s / course.speed), lane, Math.PI);
    actors.push({
      label: 'car',
      radius: 2.3,
      place,
      draw: (mesh, instance, time) => drawCar(new Body(mesh, place(time), instance, seed), look, true, night),
    });
  });
  every('humps', 17, (s, r) => {
    const full = r.chance(0.5);
    const prop = bump(r, full ? plan.road * 0.9 : plan.road * 0.45);
    stand('bump', s, full ? 0 : course.lane, r.range(-0.04, 0.04), { ...prop, radius: 0.9 }, r);
  });
  every('holes', 9, (s, r) => {
    stand('hole', s, r.range(-0.85, 0.85) * plan.road, r.range(-3, 3), hole(r), r);
  });
  every('cones', 16, (s, r) => {
    const row = r.chance(0.45) ? r.integer(2, 4) : 1;
    const across = r.sign() * r.range(0.55, 1.02) * plan.road;
    const slant = r.range(-0.25, 0.25);
    const prop = cone(r);
    for (let i = 0; i < row; i++) {
      const t = across + slant * i * Math.sign(across);
      if (Math.abs(t - course.lane) > 0.9)
        stand('color_cone', s + i * r.range(1.1, 1.6), t, r.range(-3, 3), r.chance(0.75) ? prop : cone(r), r);
    }
  });
  every('car stops', 10, (s, r) => {
    const which = side(r);
    const edge = kerbAt(plan, which);
    const prop = carStop(r);
    const inBay = plan.parking[which] > 4;
    const across = signOf(which) * (inBay ? edge - r.range(0.35, 0.7) : edge + r.range(-0.35, 0.5));
    const turn = inBay
      ? Math.PI / 2 + r.range(-0.06, 0.06)
      : Math.PI / 2 + r.range(-0.5, 0.5) + (r.chance(0.5) ? Math.PI / 2 : 0);
    const count = r.chance(0.5) ? 2 : 1;
    for (let i = 0; i < count; i++) stand('car_stop', s + i * 1.5, across, turn, prop, r);
  });
  every('unknown things', 13, (s, r) => {
    const which = side(r);
    const across = r.chance(0.4)
      ? r.range(-0.95, 0.95) * plan.road
      : signOf(which) * r.range(0.75 * plan.road, kerbAt(plan, which) + plan.pavement[which]);
    if (Math.abs(across - course.lane) > 1) stand('unknown', s, across, r.range(-3, 3), unknown(r), r);
  });
  every('people', 13, (s, r) => {
    const group = r.chance(0.3) ? 2 : 1;
    const walker = addWalker(plan, course, s, r);
    for (let i = 0; i < group; i++) actors.push(person(walker(i), r, r.chance(0.2)));
  });
  every('bikes', 36, (s, r) => {
    const look = bikeLook(r);
    const towards = r.chance(0.5);
    const speed = (towards ? -1 : 1) * r.range(1.5, 4.2);
    const across = r.sign() * r.range(0.72, 1.05) * plan.road;
    const wobble = r.range(0, 6);
    const seed = r.integer(0, 60000);
    const place = (time: number): Placement =>
      onStreet(
        plan,
        s + speed * (time - (s - 12) / course.speed) * 0.8,
        across + 0.12 * sin(time * 1.7 + wobble),
        towards ? Math.PI : 0,
      );
    actors.push({
      label: 'bike',
      radius: 0.8,
      place,
      draw: (mesh, instance, time) =>
        drawBike(new Body(mesh, place(time), instance, seed), look, time * Math.abs(speed) * 1.9 + wobble, night),
    });
  });
  every('animals', 15, (s, r) => {
    const look = animalLook(r);
    const stride = r.chance(0.5) ? r.range(0.4, 1) : 0;
    const which = side(r);
    const across = r.chance(0.35)
      ? r.range(-0.9, 0.9) * plan.road
      : signOf(which) * (kerbAt(plan, which) + r.range(-0.6, plan.pavement[which] + 1));
    const turn = r.range(-Math.PI, Math.PI);
    const lift = r.range(-1.4, 0.8);
    const phase = r.range(0, 6);
    const seed = r.integer(0, 60000);
    const along0 = s;
    const speed = 0.7 * stride * look.shoulder;
    const place = (time: number): Placement => {
      const d = speed * 1.6 * sin((time - along0 / course.speed) * 0.4);
      return onStreet(plan, along0 + d, across, Math.abs(turn) < 1.57 ? turn * 0.35 : Math.PI - turn * 0.2);
    };
    actors.push({
      label: 'animal',
      radius: 0.5,
      place,
      draw: (mesh, instance, time) =>
        drawAnimal(new Body(mesh, place(time), instance, seed), look, phase + time * 6 * stride, stride, lift),
    });
  });
  return actors;
}

/** Ways for people to move: along the pavement, across the road in front of the ego, or standing. */
function addWalker(
  plan: StreetPlan,
  course: Course,
  s: number,
  r: Random,
): (i: number) => { place: (t: number) => Placement; speed: number } {
  const kind = r.pick(['along', 'along', 'cross', 'cross', 'stand'] as const);
  const which = r.pick([0, 1] as const);
  const sign = which === 0 ? 1 : -1;
  const arrive = (s - r.range(4, 13)) / course.speed;
  if (kind === 'cross') {
    const speed = r.range(0.8, 1.6);
    const centre = r.range(-0.5, 0.5) * plan.road;
    const slant = r.range(-0.3, 0.3);
    return (i) => ({
      speed,
      place: (t) =>
        onStreet(
          plan,
          s + i * 0.8 + slant * (t - arrive),
          centre + i * 0.3 - sign * speed * (t - arrive),
          (sign * -Math.PI) / 2,
        ),
    });
  }
  const across = r.chance(0.75)
    ? sign * (kerbAt(plan, which) + r.range(0.2, plan.pavement[which] - 0.2))
    : sign * plan.road * r.range(0.8, 1);
  if (kind === 'stand') {
    const turn = r.range(-Math.PI, Math.PI);
    return (i) => ({ speed: 0, place: () => onStreet(plan, s + i * 0.75, across + i * 0.2, turn + i * 2.6) });
  }
  const speed = r.range(0.8, 1.7) * r.sign();
  return (i) => ({
    speed: Math.abs(speed),
    place: (t) => onStreet(plan, s + i * 0.2 + speed * (t - arrive), across - sign * i * 0.65, speed > 0 ? 0 : Math.PI),
  });
}

function person(walk: { place: (t: number) => Placement; speed: number }, r: Random, looksAround: boolean): Actor {
  const look = personLook(r);
  const phase = r.range(0, 6);
  const cadence = (2 * Math.PI * walk.speed) / (0.82 * look.height);
  const stride = walk.speed > 0 ? 0.62 + 0.35 * (walk.speed - 1.1) : 0.08;
  const lean = r.range(-0.02, 0.07);
  const turn = looksAround ? r.range(-0.9, 0.9) : 0;
  const seed = r.integer(0, 60000);
  return {
    label: 'Person',
    radius: 0.3,
    place: walk.place,
    draw: (mesh, instance, time) =>
      drawPerson(new Body(mesh, walk.place(time), instance, seed), look, {
        phase: phase + cadence * time,
        stride,
        lean,
        turn,
      }),
  };
}
