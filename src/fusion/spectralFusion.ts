import { area, clip, type Box } from '../geometry/box.js';
import { type Homography, invertHomography, transformBox } from '../geometry/homography.js';
import type { Size } from '../geometry/letterbox.js';
import { type Spectrum, SPECTRA } from '../spectrum.js';
import type { FusionConfig } from './fusionSchema.js';
import { type FusedBox, type FusionCandidate, weightedBoxFusion } from './weightedBoxFusion.js';

/** What one band saw at a moment. */
export interface BandDetections extends Size {
  readonly spectrum: Spectrum;
  /** The classes that its model knows. */
  readonly classes: readonly string[];
  /** Boxes in pixels of its own pictures, `width` × `height`. */
  readonly detections: readonly { readonly className: string; readonly score: number; readonly box: Box }[];
}

/** One band's share in a fused detection. */
export interface FusedMember {
  readonly spectrum: Spectrum;
  /** Which of the band's detections it is, from 0. */
  readonly index: number;
  readonly score: number;
  /** In pixels of its own pictures. */
  readonly box: Box;
}

/** One object, as all bands together see it. */
export interface FusedDetection {
  readonly className: string;
  /** In [0, 1]; see `weightedBoxFusion`. */
  readonly score: number;
  /** In pixels of the reference view; may reach beyond its pictures, where another band looks further. */
  readonly box: Box;
  readonly members: readonly FusedMember[];
  /** The bands with a member, in the order of SPECTRA. */
  readonly supporting: readonly Spectrum[];
  /** The bands that should see it and have no box of its class there, not even one that is off by parallax. */
  readonly silent: readonly Spectrum[];
  /**
   * Of the bands that support it or should see it, the share that is not silent, in (0, 1]; `undefined` where that is one band
   * alone, which has nobody to agree with.
   */
  readonly agreement: number | undefined;
}

export interface FusedSet {
  readonly reference: Spectrum;
  /** The bands that took part, in the order of SPECTRA. */
  readonly spectra: readonly Spectrum[];
  /** Best score first. */
  readonly detections: readonly FusedDetection[];
  /** Boxes left out because they cross the horizon of their band's homography. */
  readonly unregistered: number;
}

interface Candidate extends FusionCandidate {
  readonly source: Spectrum;
  readonly member: FusedMember;
}

const IDENTITY: Homography = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Brings the detections of several bands into one view and fuses them. */
export class SpectralFusion {
  readonly #toReference = new Map<Spectrum, Homography>();
  readonly #fromReference = new Map<Spectrum, Homography>();
  readonly config: FusionConfig;

  /** @param config as checked by `fusionSchema`: every homography has an inverse */
  constructor(config: FusionConfig) {
    this.config = config;
    for (const spectrum of SPECTRA) {
      const homography = spectrum === config.reference ? IDENTITY : config.homographies[spectrum];
      if (homography === undefined) continue;
      this.#toReference.set(spectrum, homography);
      this.#fromReference.set(spectrum, invertHomography(homography));
    }
  }

  /** The bands that can be brought into the reference view. */
  get spectra(): readonly Spectrum[] {
    return SPECTRA.filter((spectrum) => this.#toReference.has(spectrum));
  }

  /**
   * @param bands at most one entry per spectrum, in any order; N of the fused score is how many of them can be registered
   * @param iouThreshold in place of the configuration's
   */
  fuse(bands: readonly BandDetections[], iouThreshold = this.config.iouThreshold): FusedSet {
    const present = SPECTRA.flatMap((spectrum) => bands.filter((band) => band.spectrum === spectrum));
    const taking = present.filter(({ spectrum }) => this.#toReference.has(spectrum));
    const registered = new Map(taking.map((band) => [band.spectrum, this.#register(band)]));
    const candidates = [...registered.values()].flat();
    const fused =
      taking.length === 0 ? [] : weightedBoxFusion(candidates, { iouThreshold, sourceCount: taking.length });
    const boxes = taking.reduce((sum, { detections }) => sum + detections.length, 0);
    return {
      reference: this.config.reference,
      spectra: taking.map(({ spectrum }) => spectrum),
      detections: fused.map((object) => this.#describe(object, taking, registered)),
      unregistered: boxes - candidates.length,
    };
  }

  #register({ spectrum, detections }: BandDetections): Candidate[] {
    const homography = this.#toReference.get(spectrum) ?? IDENTITY;
    return detections.flatMap(({ className, score, box }, index) => {
      const moved = transformBox(homography, box);
      if (moved === undefined) return [];
      return [{ source: spectrum, className, score, box: moved, member: { spectrum, index, score, box } }];
    });
  }

  #describe(
    { className, score, box, members }: FusedBox<Candidate>,
    taking: readonly BandDetections[],
    registered: ReadonlyMap<Spectrum, readonly Candidate[]>,
  ): FusedDetection {
    const has = (spectrum: Spectrum): boolean => members.some(({ source }) => source === spectrum);
    const near = grown(box, this.config.parallaxPixels);
    const supporting = taking.filter(({ spectrum }) => has(spectrum)).map(({ spectrum }) => spectrum);
    const expected = taking.filter((band) => !has(band.spectrum) && this.#shouldSee(band, className, box));
    const silent = expected
      .map(({ spectrum }) => spectrum)
      .filter((spectrum) =>
        registered.get(spectrum)?.every((other) => other.className !== className || !overlap(near, other.box)),
      );
    const witnesses = supporting.length + expected.length;
    return {
      className,
      score,
      box,
      members: members.map(({ member }) => member),
      supporting,
      silent,
      agreement: witnesses > 1 ? 1 - silent.length / witnesses : undefined,
    };
  }

  #shouldSee({ spectrum, classes, width, height }: BandDetections, className: string, box: Box): boolean {
    const { classes: expected, minimumSide, minimumVisible } = this.config.expect;
    if (!(expected[spectrum] ?? classes).includes(className) || !classes.includes(className)) return false;
    const own = transformBox(this.#fromReference.get(spectrum) ?? IDENTITY, box);
    if (own === undefined) return false;
    const visible = clip(own, width, height);
    const side = Math.min(visible.x2 - visible.x1, visible.y2 - visible.y1);
    return side > 0 && side >= minimumSide && area(visible) >= minimumVisible * area(own);
  }
}

function grown({ x1, y1, x2, y2 }: Box, by: number): Box {
  return { x1: x1 - by, y1: y1 - by, x2: x2 + by, y2: y2 + by };
}

function overlap(a: Box, b: Box): boolean {
  return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2;
}
