import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { cos, sin } from './exactMath.js';
import { Random } from './random.js';
import type { Camera } from './render/camera.js';
import type { Vector } from './render/vector.js';
import type { Placement } from './scene/body.js';
import { rasterize } from './render/rasterize.js';
import { GeometryBuffer } from './render/gbuffer.js';
import { GroundOcclusion } from './render/groundOcclusion.js';
import type { PackedSurface } from './render/material.js';
import { Mesh } from './render/mesh.js';
import { expose, makeSensor, type Sensor, type SensorPicture } from './render/sensor.js';
import type { Lighting } from './render/lighting.js';
import { shade } from './render/shade.js';
import { ShadowMap } from './render/shadowMap.js';
import { placeRig, RIG } from './rig.js';
import { type Actor, type Course, makeActors } from './scene/actors.js';
import { type Environment, makeEnvironment, type Lamp } from './scene/environment.js';
import { drawGround, onStreet, planStreet, type StreetPlan } from './scene/street.js';
import { drawSurroundings } from './scene/surroundings.js';
import { type DrawnInstance, instanceMap, type TruthObject, truthObjects } from './truth.js';

export interface DriveOptions {
  readonly seed: number;
  readonly night: boolean;
  /** Seconds that the drive lasts; it decides how long a street is built. */
  readonly duration: number;
}

/** What is where in one camera's view at one moment. */
export interface TruthView {
  readonly spectrum: Spectrum;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly TruthObject[];
  /** Owner of each pixel: 0 or an index into `tracks` plus one. */
  readonly instances: Uint16Array;
  readonly tracks: readonly number[];
}

/** One camera's picture at one moment, with its truth. */
export interface View extends TruthView {
  readonly picture: SensorPicture;
}

/** The moving part of the world at one moment, as all cameras share it. */
interface Moment {
  readonly ego: Placement;
  readonly cameras: Readonly<Record<Spectrum, Camera>>;
  readonly drawn: readonly DrawnInstance[];
}

const AHEAD = 42;
const BEHIND = 6;

/**
 * A generated drive: a street, what stands and moves on it, and a vehicle with four cameras. Any moment can be rendered on
 * its own, in any order, on any thread: the same seed, time and spectrum give the same bytes.
 */
export class Drive {
  readonly environment: Environment;
  readonly plan: StreetPlan;
  readonly #course: Course;
  readonly #lamps: readonly Lamp[];
  readonly #scenery = new Mesh();
  readonly #actors: readonly Actor[];
  readonly #sensors: Readonly<Record<Spectrum, Sensor>>;
  readonly #sunShadow = new ShadowMap();
  readonly #restShadow = new ShadowMap();
  readonly #occlusion = new GroundOcclusion();
  readonly #buffers = new Map<Spectrum, GeometryBuffer>();
  readonly options: DriveOptions;

  constructor(options: DriveOptions) {
    this.options = options;
    const random = new Random(options.seed, options.night ? 'night' : 'day');
    const speed = random.fork('speed').range(1.6, 4.2);
    this.plan = planStreet(random.fork('plan'), speed * options.duration);
    this.#course = { speed, lane: random.fork('lane').sign() * this.plan.road * 0.48 };
    this.environment = makeEnvironment(random.fork('environment'), options.night);
    drawGround(this.#scenery, this.plan, random.fork('ground'));
    this.#lamps = drawSurroundings(this.#scenery, this.plan, random.fork('surroundings'), options.night);
    this.#actors = makeActors(this.plan, this.#course, random.fork('actors'), options.night);
    this.#sensors = Object.fromEntries(SPECTRA.map((s) => [s, makeSensor(s, RIG[s].lens, 20)])) as Record<
      Spectrum,
      Sensor
    >;
  }

  /** What the cameras see `time` seconds into the drive. `frame` numbers the exposure (it seeds the sensor noise). */
  render(time: number, frame: number, spectra: readonly Spectrum[] = SPECTRA): View[] {
    const moment = this.#moment(time);
    const lighting = this.#light(moment);
    return spectra.map((spectrum) => {
      const { buffer, surfaces, view } = this.#look(moment, spectrum);
      const radiance = shade(spectrum, buffer, surfaces, moment.cameras[spectrum], lighting);
      const exposure = frame * SPECTRA.length + SPECTRA.indexOf(spectrum);
      return { ...view, picture: expose(this.#sensors[spectrum], radiance, this.environment, exposure) };
    });
  }

  /** The truth alone, without the time that light takes. */
  truth(time: number, spectra: readonly Spectrum[] = SPECTRA): TruthView[] {
    const moment = this.#moment(time);
    return spectra.map((spectrum) => this.#look(moment, spectrum).view);
  }

  #moment(time: number): Moment {
    const sway = this.options.seed % 97;
    const along = this.#course.speed * time;
    const place = onStreet(this.plan, along, this.#course.lane + 0.25 * sin(time * 0.45 + sway));
    const ego = { ...place, heading: place.heading + 0.03 * sin(time * 0.7 + sway) };
    const cameras = placeRig(ego.x, ego.y, ego.heading, 0.007 * sin(time * 3.1 + sway), 0.006 * sin(time * 2.3));
    const drawn: DrawnInstance[] = [];
    this.#actors.forEach((actor, track) => {
      const at = actor.place(time);
      if (!inSight(ego, at, actor.radius)) return;
      const mesh = new Mesh();
      actor.draw(mesh, drawn.length + 1, time);
      drawn.push({ track, label: actor.label, mesh, place: at, radius: actor.radius });
    });
    return { ego, cameras, drawn };
  }

  /** Shadows, lamps and headlights. */
  #light({ ego, drawn }: Moment): Lighting {
    const [hs, hc] = [sin(ego.heading), cos(ego.heading)];
    const center: Vector = [ego.x + 24 * hc, ego.y + 24 * hs, 0];
    this.#occlusion.begin(center[0], center[1]);
    for (const { label, place, radius } of drawn) {
      if (label === 'hole' || label === 'bump') continue;
      const [half, wide, strength] = label === 'car' ? [1.9, 0.7, 0.75] : [radius * 0.5, 0.15, 0.5];
      this.#occlusion.stamp(place.x, place.y, sin(place.heading), cos(place.heading), half, wide, strength);
    }
    this.#restShadow.begin(center, this.environment.sun, 72);
    this.#restShadow.draw(this.#scenery);
    this.#sunShadow.copyFrom(this.#restShadow);
    for (const { mesh } of drawn) this.#sunShadow.draw(mesh);
    const reach = 75 * 75;
    const lamps = this.#lamps.filter(
      ({ position: [x, y] }) => (x - ego.x) * (x - ego.x) + (y - ego.y) * (y - ego.y) < reach,
    );
    return {
      environment: this.environment,
      lamps,
      sunShadow: this.#sunShadow,
      restShadow: this.#restShadow,
      openness: this.#occlusion,
      headlight: { x: ego.x + 0.8 * hc, y: ego.y + 0.8 * hs, dx: hc, dy: hs, power: this.environment.headlights },
    };
  }

  /** Draws the geometry that one camera sees. The buffer is used again by the next call for the same spectrum. */
  #look(
    { cameras, drawn }: Moment,
    spectrum: Spectrum,
  ): { buffer: GeometryBuffer; surfaces: PackedSurface[]; view: TruthView } {
    const camera = cameras[spectrum];
    const { width, height } = camera.lens;
    const buffer = this.#bufferOf(spectrum, width, height);
    buffer.clear();
    const surfaces: PackedSurface[] = [...this.#scenery.surfaces];
    rasterize(this.#scenery, camera, buffer, 1);
    for (const { mesh } of drawn) {
      rasterize(mesh, camera, buffer, surfaces.length + 1);
      for (const s of mesh.surfaces) surfaces.push(s);
    }
    const instances = instanceMap(buffer, surfaces);
    const objects = truthObjects(instances, width, drawn, camera);
    return {
      buffer,
      surfaces,
      view: { spectrum, width, height, objects, instances, tracks: drawn.map((d) => d.track) },
    };
  }

  #bufferOf(spectrum: Spectrum, width: number, height: number): GeometryBuffer {
    let buffer = this.#buffers.get(spectrum);
    if (!buffer) {
      buffer = new GeometryBuffer(width, height);
      this.#buffers.set(spectrum, buffer);
    }
    return buffer;
  }
}

/** Ahead and not too far; whatever would drive or walk through the vehicle is left out: cameras do not see inside of things. */
function inSight(ego: Placement, at: Placement, radius: number): boolean {
  const [hs, hc] = [sin(ego.heading), cos(ego.heading)];
  const ahead = (at.x - ego.x) * hc + (at.y - ego.y) * hs;
  const left = (at.y - ego.y) * hc - (at.x - ego.x) * hs;
  if (ahead > AHEAD || ahead < -BEHIND || Math.abs(left) > 30) return false;
  return !(ahead > -2.5 && ahead < radius + 1.6 && Math.abs(left) < radius + 0.9);
}
