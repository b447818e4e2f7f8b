import type { FamilyName, ModelManifest } from '../manifestSchema.js';
import { centerNet } from './centerNet.js';
import { detr } from './detr.js';
import { efficientDet } from './efficientDet.js';
import { endToEnd } from './endToEnd.js';
import type { Family, Head, ReadNetwork } from './family.js';
import { fcos } from './fcos.js';
import { nanoDet } from './nanoDet.js';
import { retinaNet } from './retinaNet.js';
import { ssd } from './ssd.js';
import { suppressed } from './suppressed.js';
import { yoloV5 } from './yoloV5.js';
import { yoloV8 } from './yoloV8.js';
import { yolox } from './yolox.js';

/** Every head layout that is known; of several that recognise a network the first is meant. */
export const FAMILIES: readonly Family[] = [
  efficientDet,
  nanoDet,
  yoloV5,
  yolox,
  fcos,
  detr,
  retinaNet,
  ssd,
  centerNet,
  suppressed,
  endToEnd,
  yoloV8,
];

export function familyOf(name: FamilyName): Family {
  const family = FAMILIES.find((candidate) => candidate.name === name);
  if (family === undefined) throw new RangeError(`there is no family ${name}`);
  return family;
}

/** @throws ExpectedError `model` where the network cannot be what its manifest says */
export function headOf(network: ReadNetwork & { readonly manifest: ModelManifest }): Head {
  return familyOf(network.manifest.family).head(network);
}
