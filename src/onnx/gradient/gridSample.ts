import { intAttribute, stringAttribute } from '../attributes.js';
import type { Backward, Rule } from './backward.js';

/** One of the four pixels around each sampled place. */
interface Corner {
  /** int64 [N, 1, P]: place in the flat picture, held inside it. */
  readonly place: string;
  /** float32 [N, 1, P]: 1 inside the picture, else 0. */
  readonly inside: string;
  /** float32 [N, 1, P]: how much of the sample is this pixel, along each axis. */
  readonly alongX: string;
  readonly alongY: string;
  /** Whether it lies to the right, and below. */
  readonly right: boolean;
  readonly below: boolean;
}

/**
 * Bilinear sampling of x [N, C, H, W] at grid [N, h, w, 2]: y = Σ over four corners of wx·wy·x[corner]. Towards x the four shares are added
 * up where they came from; towards the grid wx and wy have slopes ±1, in units of pixels, zero padding outside.
 */
const gridSample: Rule = (node, [gradient], back) => {
  const [input = '', grid = ''] = node.input;
  if (gradient === undefined) return [];
  const mode = stringAttribute(node, 'mode', 'linear');
  if (!['linear', 'bilinear'].includes(mode)) throw back.refusal(node, `the mode ${mode} is not supported`);
  const padding = stringAttribute(node, 'padding_mode', 'zeros');
  if (padding !== 'zeros') throw back.refusal(node, `the padding ${padding} is not supported`);
  const dims = back.dims(input);
  const [batch = 1, channels = 1, height = 1, width = 1] = dims;
  const points = back
    .dims(grid)
    .slice(1, 3)
    .reduce((a, b) => a * b, 1);
  const aligned = intAttribute(node, 'align_corners', 0) === 1;
  const flat = back.reshape(gradient, [batch, channels, points]);
  const axis = (column: number, side: number): { floor: string; share: string } => {
    const raw = back.graph.reshape(back.slice(back.forward(grid), 3, column, column + 1), [batch, 1, points]);
    const moved = back.node('Add', raw, back.scalar(1));
    // From [−1, 1] to pixels: corners are pixels' middles or their outer edges.
    const at = aligned
      ? back.node('Mul', moved, back.scalar((side - 1) / 2))
      : back.node('Sub', back.node('Mul', moved, back.scalar(side / 2)), back.scalar(0.5));
    const floor = back.node('Floor', at);
    return { floor, share: back.node('Sub', at, floor) };
  };
  const x = axis(0, width);
  const y = axis(1, height);
  const corners = [false, true].flatMap((below) =>
    [false, true].map((right) => cornerOf(back, x, y, right, below, width, height)),
  );
  const towardsInput = (): string => {
    const total = corners
      .map(({ place, inside, alongX, alongY }) => {
        const weight = back.node('Mul', inside, back.node('Mul', alongX, alongY));
        const updates = back.node('Mul', flat, weight);
        return back.scatter(
          node,
          updates,
          [batch, channels, points],
          place,
          [batch, channels, height * width],
          2,
          false,
        );
      })
      .reduce((a, b) => back.node('Add', a, b));
    return back.reshape(total, dims);
  };
  const towardsGrid = (): string => {
    const pixels = back.graph.reshape(back.forward(input), [batch, channels, height * width]);
    const slopes = corners.map(({ place, inside, alongX, alongY, right, below }) => {
      const wide = back.node('Expand', place, back.graph.integers('wide', [batch, channels, points]));
      const value = back.node('Mul', back.graph.node('GatherElements', [pixels, wide], { axis: 2 }), inside);
      const signed = (weight: string, plus: boolean): string =>
        back.node('Mul', value, plus ? weight : back.node('Neg', weight));
      return { x: signed(alongY, right), y: signed(alongX, below) };
    });
    const slope = (parts: readonly string[], scale: number): string => {
      const total = parts.reduce((a, b) => back.node('Add', a, b));
      const received = back.sum(back.node('Mul', flat, total), [2], false);
      return back.reshape(back.node('Mul', received, back.scalar(scale)), [...back.dims(grid).slice(0, 3), 1]);
    };
    const scaleOf = (side: number): number => (aligned ? (side - 1) / 2 : side / 2);
    const parts = [
      slope(
        slopes.map((part) => part.x),
        scaleOf(width),
      ),
      slope(
        slopes.map((part) => part.y),
        scaleOf(height),
      ),
    ];
    return back.graph.node('Concat', parts, { axis: 4 });
  };
  return [back.wants(input) ? towardsInput() : undefined, back.wants(grid) ? towardsGrid() : undefined];
};

function cornerOf(
  back: Backward,
  x: { floor: string; share: string },
  y: { floor: string; share: string },
  right: boolean,
  below: boolean,
  width: number,
  height: number,
): Corner {
  const one = back.scalar(1);
  const along = ({ floor, share }: { floor: string; share: string }, further: boolean) => ({
    at: further ? back.node('Add', floor, one) : floor,
    weight: further ? share : back.node('Sub', one, share),
  });
  const column = along(x, right);
  const row = along(y, below);
  const held = (at: string, side: number): string =>
    back.node('Max', back.scalar(0), back.node('Min', at, back.scalar(side - 1)));
  const equal = (at: string, side: number): string => back.mask(back.node('Equal', at, held(at, side)));
  const place = back.node('Add', back.node('Mul', held(row.at, height), back.scalar(width)), held(column.at, width));
  return {
    place: back.graph.node('Cast', [place], { to: 7 }),
    inside: back.node('Mul', equal(column.at, width), equal(row.at, height)),
    alongX: column.weight,
    alongY: row.weight,
    right,
    below,
  };
}

/** Sampling at computed places, as deformable attention does. */
export const sampling: Readonly<Record<string, Rule>> = { GridSample: gridSample };
