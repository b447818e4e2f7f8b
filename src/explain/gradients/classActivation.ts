/** A layer's activations or gradients: float32 [channels, rows, columns], row-major. */
export interface LayerMaps {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/**
 * A map [rows · columns] from a layer's activations A and the gradient G of a target's score at it, both `[channels, rows, columns]`. None of
 * them is smaller than zero; a map of zeros says that nothing there raises the score.
 */
export type ClassActivation = (activations: LayerMaps, gradients: LayerMaps) => Float32Array;

/** Methods by their settings' names, besides Grad-CAM with its variants. */
export const ACTIVATION_METHODS = ['hirescam', 'grad-cam++', 'layercam', 'odam'] as const;

/**
 * Grad-CAM: S = ReLU(Σ_i α_i·A_i), α_i = mean over the layer of G_i.
 * Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2.
 */
export const gradCam: ClassActivation = (activations, gradients) =>
  summed(activations, gradients, (alpha, a) => alpha * a);

/**
 * HiResCAM: S = ReLU(Σ_i G_i ∘ A_i): what each value adds to the score, to first order, without Grad-CAM's mean over the layer.
 * Draelos and Carin, Use HiResCAM instead of Grad-CAM for faithful explanations, 2020, section 4.
 */
export const hiResCam: ClassActivation = (activations, gradients) =>
  summed(activations, gradients, (_alpha, a, g) => g * a);

/**
 * Grad-CAM++: S = ReLU(Σ_i w_i·A_i), w_i = Σ_uv a_uv·ReLU(G_uv), a = G² / (2·G² + (Σ A_i)·G³).
 * Chattopadhay et al., Grad-CAM++, WACV 2018, equations 11 and 19, with the score's exponential in place of the score.
 */
export const gradCamPlusPlus: ClassActivation = (activations, gradients) => {
  const { channels, rows, columns } = activations;
  const cells = rows * columns;
  const map = new Float32Array(cells);
  for (let channel = 0; channel < channels; channel++) {
    const a = activations.data.subarray(channel * cells, (channel + 1) * cells);
    const g = gradients.data.subarray(channel * cells, (channel + 1) * cells);
    const total = a.reduce((sum, value) => sum + value, 0);
    let weight = 0;
    for (const slope of g) {
      const denominator = 2 * slope ** 2 + total * slope ** 3;
      if (denominator !== 0) weight += (slope ** 2 / denominator) * Math.max(slope, 0);
    }
    for (let cell = 0; cell < cells; cell++) map[cell] += weight * a[cell];
  }
  return rectified(map);
};

/**
 * LayerCAM: S = ReLU(Σ_i ReLU(G_i) ∘ A_i), which holds in early layers too.
 * Jiang et al., LayerCAM, IEEE TIP 2021, equations 5 and 6.
 */
export const layerCam: ClassActivation = (activations, gradients) =>
  summed(activations, gradients, (_alpha, a, g) => Math.max(g, 0) * a);

/**
 * ODAM of one box: S = ReLU(Σ_i Φ(G_i) ∘ A_i) with G of that box’s own score and Φ a smoothing over neighbouring cells (3×3 binomial):
 * made for detectors, where each box has a gradient of its own.
 * Zhao et al., ODAM, ICLR 2023, equations 2 to 4.
 */
export const odam: ClassActivation = (activations, gradients) => {
  const smooth = { ...gradients, data: smoothed(gradients) };
  return hiResCam(activations, smooth);
};

/** Several layers' maps as one: each divided by its largest value, the largest of them at each place (LayerCAM, equation 8). */
export function fused(maps: readonly Float32Array[]): Float32Array {
  const [first] = maps;
  if (first === undefined) throw new RangeError('no maps to fuse');
  const result = new Float32Array(first.length);
  for (const map of maps) {
    const largest = map.reduce((most, value) => Math.max(most, value), 0);
    if (largest > 0) map.forEach((value, i) => (result[i] = Math.max(result[i], value / largest)));
  }
  return result;
}

/** The study's order: Σ_i ReLU(α_i·A_i), the negative parts cut before the sum. */
export const gradCamOfStudy: ClassActivation = (activations, gradients) =>
  summed(activations, gradients, (alpha, a) => Math.max(alpha * a, 0));

/** Grad-CAM without its ReLU: negative where the layer speaks against the target. */
export const gradCamSigned: ClassActivation = (activations, gradients) =>
  sums(activations, gradients, (alpha, a) => alpha * a);

function summed(activations: LayerMaps, gradients: LayerMaps, part: Part): Float32Array {
  return rectified(sums(activations, gradients, part));
}

type Part = (alpha: number, a: number, g: number) => number;

function sums(activations: LayerMaps, gradients: LayerMaps, part: Part): Float32Array {
  const { channels, rows, columns } = activations;
  const cells = rows * columns;
  const map = new Float32Array(cells);
  for (let channel = 0; channel < channels; channel++) {
    const a = activations.data.subarray(channel * cells, (channel + 1) * cells);
    const g = gradients.data.subarray(channel * cells, (channel + 1) * cells);
    const alpha = g.reduce((sum, value) => sum + value, 0) / cells;
    for (let cell = 0; cell < cells; cell++) map[cell] += part(alpha, a[cell], g[cell]);
  }
  return map;
}

function rectified(map: Float32Array): Float32Array {
  return map.map((value) => Math.max(value, 0));
}

/** 3×3 binomial smoothing of each channel, with the border repeated. */
function smoothed({ channels, rows, columns, data }: LayerMaps): Float32Array {
  const result = new Float32Array(data.length);
  const at = (channel: number, row: number, column: number): number => {
    const r = Math.min(Math.max(row, 0), rows - 1);
    const c = Math.min(Math.max(column, 0), columns - 1);
    return data[(channel * rows + r) * columns + c];
  };
  const weights = [1, 2, 1];
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let dr = -1; dr <= 1; dr++)
          for (let dc = -1; dc <= 1; dc++)
            sum += weights[dr + 1] * weights[dc + 1] * at(channel, row + dr, column + dc);
        result[(channel * rows + row) * columns + column] = sum / 16;
      }
  return result;
}
