/**
 * Methods that ask how the score depends on the picture itself. `slope` gives the gradient [3, H, W] of one target's score at given planes.
 */
type Slope = (planes: Float32Array) => Promise<Float32Array>;

/**
 * Integrated gradients: IG = (x − x′) ∘ ∫₀¹ ∂f/∂x (x′ + α·(x − x′)) dα with the mean colour as x′ (zero after normalisation), by the midpoint
 * rule. Summed over all values it is f(x) − f(x′), up to the rule's error.
 * Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017, equation 1.
 * @param steps points on the path, each a forward and a backward pass
 * @returns [H · W]: the sum over the three colours, negative where the score falls
 */
export async function integratedGradients(planes: Float32Array, slope: Slope, steps: number): Promise<Float32Array> {
  const total = new Float32Array(planes.length);
  for (let step = 0; step < steps; step++) {
    const share = (step + 0.5) / steps;
    const gradient = await slope(planes.map((value) => share * value));
    gradient.forEach((value, i) => (total[i] += value / steps));
  }
  return overColours(total.map((value, i) => value * planes[i]));
}

/**
 * SmoothGrad: the mean of |∂f/∂x| over pictures with Gaussian noise.
 * Smilkov et al., SmoothGrad, 2017, equation 1, with the absolute values that its figures show.
 * @param deviation of the noise, as a share of the planes' range
 * @param gaussian standard normal numbers from a seed
 * @returns [H · W], from zero up
 */
export async function smoothGrad(
  planes: Float32Array,
  slope: Slope,
  { samples, deviation, gaussian }: { samples: number; deviation: number; gaussian: () => number },
): Promise<Float32Array> {
  const [least, most] = planes.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [0, 0]);
  const scale = deviation * (most - least);
  const total = new Float32Array(planes.length);
  for (let sample = 0; sample < samples; sample++) {
    const gradient = await slope(planes.map((value) => value + scale * gaussian()));
    gradient.forEach((value, i) => (total[i] += Math.abs(value) / samples));
  }
  return overColours(total);
}

function overColours(planes: Float32Array): Float32Array {
  const size = planes.length / 3;
  return Float32Array.from({ length: size }, (_, i) => planes[i] + planes[size + i] + planes[2 * size + i]);
}
