import type { Box } from './box.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How pictures are brought to a model's input size. */
export type ResizeRule = 'letterbox-top-left' | 'letterbox-centre' | 'stretch';

/** How one picture lies in a model's input: its resized content fills `content` pixels from the top left corner. */
export interface Letterbox {
  readonly source: Size;
  readonly input: Size;
  /** Whole pixels, at least 1 × 1, at most `input`; equal to `input` for `stretch`. */
  readonly content: Size;
}

/**
 * Where a picture of `source` pixels goes in an input of `input` pixels. `letterbox-top-left`: scaled by
 * `min(W/w, H/h)`, sides rounded to whole pixels, in the top left corner; `letterbox-centre`: the same, as the network's own graph
 * moves it to the middle (see `contentOffset`). `stretch`: the whole input.
 * @throws RangeError for sides that are no positive whole numbers
 */
export function letterbox(source: Size, input: Size, rule: ResizeRule): Letterbox {
  for (const side of [source.width, source.height, input.width, input.height])
    if (!Number.isInteger(side) || side <= 0) throw new RangeError(`an image cannot have a side of ${side} pixels`);
  if (rule === 'stretch') return { source, input, content: input };
  const scale = Math.min(input.width / source.width, input.height / source.height);
  const content = {
    width: Math.min(input.width, Math.max(1, Math.round(source.width * scale))),
    height: Math.min(input.height, Math.max(1, Math.round(source.height * scale))),
  };
  return { source, input, content };
}

/** How far a network sees the picture from the input's top left corner: whole pixels, the smaller half of what is left over first. */
export function contentOffset(
  content: Size,
  { width, height, resize }: Size & { readonly resize: ResizeRule },
): { readonly x: number; readonly y: number } {
  if (resize !== 'letterbox-centre') return { x: 0, y: 0 };
  return { x: Math.floor((width - content.width) / 2), y: Math.floor((height - content.height) / 2) };
}

/** A box in source pixels as it lies in the input. */
export function toInput(box: Box, { source, content }: Letterbox): Box {
  return scaled(box, content.width / source.width, content.height / source.height);
}

/** A box in input pixels as it lies in the source; not clipped. */
export function toSource(box: Box, { source, content }: Letterbox): Box {
  return scaled(box, source.width / content.width, source.height / content.height);
}

function scaled(box: Box, x: number, y: number): Box {
  return { x1: box.x1 * x, y1: box.y1 * y, x2: box.x2 * x, y2: box.y2 * y };
}
