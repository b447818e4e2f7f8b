/**
 * Functions whose last bit is the same on every machine: only `+ - * /`, comparison and `Math.round`, which ECMAScript
 * defines exactly. `Math.sin`, `Math.exp` and their like are left to the engine, so a generated picture could differ by a byte.
 */
const HALF_PI = Math.PI / 2;

/** Sine of `x` radians; absolute error below 1e-12 for |x| < 1e4. */
export function sin(x: number): number {
  const quarter = Math.round(x / HALF_PI);
  return quadrant(x - quarter * HALF_PI, quarter);
}

/** Cosine of `x` radians; absolute error below 1e-12 for |x| < 1e4. */
export function cos(x: number): number {
  const quarter = Math.round(x / HALF_PI);
  return quadrant(x - quarter * HALF_PI, quarter + 1);
}

function quadrant(r: number, quarter: number): number {
  const q = ((quarter % 4) + 4) % 4;
  const value = q % 2 === 0 ? sinSeries(r) : cosSeries(r);
  return q < 2 ? value : -value;
}

/** Taylor series, |r| ≤ π/4. */
function sinSeries(r: number): number {
  const s = r * r;
  return r * (1 - (s / 6) * (1 - (s / 20) * (1 - (s / 42) * (1 - (s / 72) * (1 - (s / 110) * (1 - s / 156))))));
}

function cosSeries(r: number): number {
  const s = r * r;
  return (
    1 - (s / 2) * (1 - (s / 12) * (1 - (s / 30) * (1 - (s / 56) * (1 - (s / 90) * (1 - (s / 132) * (1 - s / 182))))))
  );
}

/** e^x for |x| < 700; relative error below 1e-12. */
export function exp(x: number): number {
  const k = Math.round(x / Math.LN2);
  const r = x - k * Math.LN2;
  let sum = 1;
  for (let n = 14; n >= 1; n--) sum = 1 + (sum * r) / n;
  let scale = 1;
  const step = k < 0 ? 0.5 : 2;
  for (let i = Math.abs(k); i > 0; i--) scale *= step;
  return sum * scale;
}

/** 0 below `from`, 1 above `to`, a smooth cubic between. */
export function smoothstep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}
