import { GraphBuilder, opsetOf } from '../../onnx/graphBuilder.js';
import { writeModel } from '../../onnx/modelFile.js';
import { DataType } from '../../onnx/schema.js';
import type { CutModel } from './backbone.js';
import { networkInputs } from '../../detector/inputStages.js';
import type { PlainDetector } from '../../detector/composedDetector.js';
import { gridInputs, maskedTensors, scoreTargets, type SearchSpace } from './maskedGraph.js';
import { averagedMasks } from './maskStages.js';

/**
 * Live RISE: the backbone, four fifths of the time, runs once for a picture, and masks act on its output maps F_l instead of
 * on the picture: `F̃_l = G_l + (F_l − G_l) ∘ M_l`, M_l the mask averaged over the area of each cell, G_l zero or the maps of the
 * fill picture. Feature pyramid and heads run on F̃.
 */

/** What masked features blend into: nothing, or the features of the fill picture. */
export const FEATURE_GROUNDS = ['zero', 'fill'] as const;
export type FeatureGround = (typeof FEATURE_GROUNDS)[number];

/** Size of a backbone map. */
export interface MapShape {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
}

/** Names of the inputs and outputs for backbone map `i`, finest first. */
export const liveTensors = {
  /** float32 [1, F, h, w]. */
  feature: (i: number): string => `feature_${i}`,
  contrast: (i: number): string => `contrast_${i}`,
  ground: (i: number): string => `ground_${i}`,
  /** See `averagedMasks`. */
  rowShares: (i: number): string => `row_shares_${i}`,
  columnShares: (i: number): string => `column_shares_${i}`,
  outside: (i: number): string => `outside_${i}`,
} as const;

/** `contrast` and `ground` [1, 3, H, W] of a picture → the backbone's maps of `ground + contrast`. */
export function composeBackbone({ manifest, model }: PlainDetector, cut: CutModel): Uint8Array {
  const { width, height } = manifest.input;
  const graph = new GraphBuilder(opsetOf(model));
  const plane = (input: string): string => graph.input(input, DataType.float32, [1, 3, height, width]);
  const picture = graph.node('Add', [plane(maskedTensors.ground), plane(maskedTensors.contrast)]);
  const inner = graph.embed(cut.backbone, {
    prefix: 'network/',
    inputs: networkInputs(graph, picture, manifest.input),
  });
  cut.features.forEach((feature, i) => {
    graph.output(inner(feature), liveTensors.feature(i), DataType.float32, [1, 'f', 'h', 'w']);
  });
  return writeModel(graph.build());
}

/** Grids → masked backbone maps → pyramid and heads → the targets' scores, or the best `topK` boxes: see composeMasked. */
export function composeLive(
  plain: PlainDetector,
  cut: CutModel,
  shapes: readonly MapShape[],
  search: SearchSpace,
  topK: number,
): Uint8Array {
  const { manifest, model } = plain;
  const { width, height } = manifest.input;
  const graph = new GraphBuilder(opsetOf(model));
  const grids = gridInputs(graph);
  const inputs = Object.fromEntries(
    cut.features.map((feature, i) => {
      const { channels, rows, columns } = shapes[i];
      const map = [1, channels, rows, columns];
      const averaging = {
        rowShares: graph.input(liveTensors.rowShares(i), DataType.float32, [rows, height]),
        columnShares: graph.input(liveTensors.columnShares(i), DataType.float32, [width, columns]),
        outside: graph.input(liveTensors.outside(i), DataType.float32, [1, rows, columns]),
      };
      const masks = averagedMasks(graph, grids, averaging, manifest.input);
      const contrast = graph.input(liveTensors.contrast(i), DataType.float32, map);
      const ground = graph.input(liveTensors.ground(i), DataType.float32, map);
      const shown = graph.node('Mul', [graph.reshape(masks, [0, 1, rows, columns]), contrast]);
      return [feature, graph.node('Add', [shown, ground])];
    }),
  );
  const inner = graph.embed(cut.rest, { prefix: 'network/', inputs });
  scoreTargets(graph, plain, inner, search, topK);
  return writeModel(graph.build());
}

/**
 * The averaging of masks over the cells of a map along one axis: see `averagedMasks`. A cell's pixels count as much as they lie
 * in it, those from `content` on not at all.
 * @returns the shares of the pixels [cells, length], and their sum in each cell
 */
export function areaShares(
  length: number,
  cells: number,
  content: number,
): { readonly shares: Float32Array; readonly inside: Float32Array } {
  const shares = new Float32Array(cells * length);
  const inside = new Float32Array(cells);
  const side = length / cells;
  for (let cell = 0; cell < cells; cell++) {
    const [from, to] = [cell * side, (cell + 1) * side];
    for (let pixel = Math.floor(from); pixel < Math.min(Math.ceil(to), content); pixel++) {
      const share = (Math.min(pixel + 1, to) - Math.max(pixel, from)) / side;
      shares[cell * length + pixel] = share;
      inside[cell] += share;
    }
  }
  return { shares, inside };
}
