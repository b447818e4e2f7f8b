import { BoxDetector } from './boxDetector.js';
import { readBoxNetwork } from './boxNetwork.js';
import type { LoadOptions } from './detectionOptions.js';
import { EfficientDet } from './efficientDet.js';
import { readModelFiles } from './manifest.js';

/** EfficientDet, which has feature maps and a class head for Grad-CAM, or a network of any other family. */
export type Detector = EfficientDet | BoxDetector;

/**
 * Loads a detector of whatever family its manifest, or its file, says.
 * @param path a manifest, or an ONNX file that shows what it is
 * @throws ExpectedError `model` or `environment`
 */
export async function openDetector(path: string, options: LoadOptions = {}): Promise<Detector> {
  const files = await readModelFiles(path);
  return files.manifest.family === 'efficientdet'
    ? EfficientDet.open(files, options)
    : BoxDetector.open(readBoxNetwork(files), options);
}
