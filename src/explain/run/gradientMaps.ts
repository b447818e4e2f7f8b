import { contentOffset, letterbox, toInput, type Letterbox } from '../../geometry/letterbox.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import { resample } from '../../maps/upsample.js';
import { gaussianNumbers } from '../masks/gaussianNumbers.js';
import {
  fused,
  gradCam,
  gradCamOfStudy,
  gradCamPlusPlus,
  gradCamSigned,
  hiResCam,
  layerCam,
  odam,
  type ClassActivation,
} from '../gradients/classActivation.js';
import type {
  FoundPlace,
  GradientNetwork,
  GradientNetworkOptions,
  LayerGradient,
} from '../gradients/gradientNetwork.js';
import { integratedGradients, smoothGrad } from '../gradients/pictureGradients.js';
import type { GradientSettings } from '../settings.js';
import type { PictureToExplain } from './explainProtocol.js';

const METHODS = {
  hirescam: hiResCam,
  'grad-cam++': gradCamPlusPlus,
  layercam: layerCam,
  odam,
} as const satisfies Readonly<Record<string, ClassActivation>>;
const VARIANTS = { study: gradCamOfStudy, usual: gradCam, none: gradCamSigned } as const;

/** What has to be differentiated for a method. */
export function gradientOptions(settings: GradientSettings): GradientNetworkOptions {
  if (settings.method === 'integrated-gradients' || settings.method === 'smooth-grad')
    return { layers: [], atPicture: true };
  return 'layers' in settings && settings.layers ? { layers: settings.layers } : {};
}

/**
 * Maps of every target over the source image, the padding around it cut off: at the resolution of the layer, or of the input where the picture
 * itself is differentiated.
 * @param network opened with `gradientOptions(settings)`
 * @returns undefined where the network does not find the target
 */
export async function gradientMaps(
  network: GradientNetwork,
  { input: pixels, size, targets }: PictureToExplain,
  settings: GradientSettings,
  seed: number,
): Promise<(SaliencyMap | undefined)[]> {
  const { input } = network.manifest;
  const placed = letterbox(size, input, input.resize);
  const offset = contentOffset(placed.content, input);
  const planes = await network.planesOf(pixels, placed.content);
  const found = await network.find(
    planes,
    targets.map(({ box, classIndex }) => {
      const { x1, y1, x2, y2 } = toInput(box, placed);
      const moved = { x1: x1 + offset.x, y1: y1 + offset.y, x2: x2 + offset.x, y2: y2 + offset.y };
      return { box: moved, classIndex };
    }),
  );
  const places = found.flatMap((place) => (place ? [place] : []));
  if (places.length === 0) return targets.map(() => undefined);
  const cut = (map: SaliencyMap): SaliencyMap => cutToPicture(map, placed, offset);
  if (settings.method === 'integrated-gradients' || settings.method === 'smooth-grad') {
    const maps: (SaliencyMap | undefined)[] = [];
    for (const place of found) {
      const values = place && (await atPicture(network, planes, place, settings, seed));
      maps.push(values && cut({ width: input.width, height: input.height, values }));
    }
    return maps;
  }
  const method = settings.method === 'grad-cam' ? VARIANTS[settings.variant] : METHODS[settings.method];
  const { layers } = await network.gradients(planes, places);
  const maps = layers.map((ofTarget) => cut(mapOf(ofTarget, method)));
  return found.map((place) => place && maps[places.indexOf(place)]);
}

/** Layers that have no part in the score say nothing; where several have, their maps are fused at the finest one's resolution. */
function mapOf(layers: readonly LayerGradient[], method: ClassActivation): SaliencyMap {
  const maps = layers
    .filter(({ gradients }) => gradients.data.some((value) => value !== 0))
    .map(({ activations, gradients }) => ({
      width: activations.columns,
      height: activations.rows,
      values: method(activations, gradients),
    }));
  const [first, ...others] = maps.sort((a, b) => b.width * b.height - a.width * a.height);
  if (first === undefined) return { width: 1, height: 1, values: new Float32Array(1) };
  if (others.length === 0) return first;
  const { width, height } = first;
  const whole = ({ width: w, height: h }: SaliencyMap) => ({ x: 0, y: 0, width: w, height: h });
  const alike = [first, ...others.map((map) => resample(map, whole(map), width, height))];
  return { width, height, values: fused(alike.map(({ values }) => values)) };
}

function atPicture(
  network: GradientNetwork,
  planes: Float32Array,
  place: FoundPlace,
  settings: Extract<GradientSettings, { method: 'integrated-gradients' | 'smooth-grad' }>,
  seed: number,
): Promise<Float32Array> {
  const slope = async (at: Float32Array): Promise<Float32Array> => {
    const [gradient] = (await network.gradients(at, [place])).atPicture;
    if (!gradient) throw new Error('the network was not differentiated at the picture');
    return gradient;
  };
  if (settings.method === 'integrated-gradients') return integratedGradients(planes, slope, settings.steps);
  const { samples, deviation } = settings;
  return smoothGrad(planes, slope, { samples, deviation, gaussian: gaussianNumbers(seed) });
}

/** The part of a map over the whole input that the picture fills, at about the same resolution. */
function cutToPicture(
  map: SaliencyMap,
  { input, content }: Letterbox,
  offset: { readonly x: number; readonly y: number },
): SaliencyMap {
  const [across, down] = [map.width / input.width, map.height / input.height];
  const region = {
    x: offset.x * across,
    y: offset.y * down,
    width: content.width * across,
    height: content.height * down,
  };
  return resample(map, region, Math.ceil(region.width), Math.ceil(region.height));
}
