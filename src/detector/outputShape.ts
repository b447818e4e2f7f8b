import type { GraphIndex } from '../onnx/graphIndex.js';
import { toNumber } from '../onnx/tensors.js';

/** Sides of an output as the file states them, undefined for those left open; undefined where it states no shape at all. */
export function outputShape(index: GraphIndex, name: string): (number | undefined)[] | undefined {
  const dims = index.graph.output.find((output) => output.name === name)?.type?.tensorType?.shape?.dim;
  return dims?.map(({ dimValue }) => {
    const side = dimValue === undefined ? 0 : toNumber(dimValue);
    return side > 0 ? side : undefined;
  });
}
