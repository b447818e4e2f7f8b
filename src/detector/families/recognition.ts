import type { ModelTensors, TensorInfo } from '../modelTensors.js';
import type { FamilyName } from '../manifestSchema.js';

/** How pictures are brought to a network, as those who made it do; what the tensors cannot show. */
export interface InputConvention {
  readonly order?: 'rgb' | 'bgr';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly resize: 'letterbox-top-left' | 'letterbox-centre' | 'stretch';
  readonly padding?: number;
}

/** What a family makes of a network's tensors. */
export interface Recognition {
  readonly family: FamilyName;
  /** The manifest's fields beside the common ones. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly classCount: number;
  readonly input: InputConvention;
  /** Field → why it was set so although the tensors do not show it. */
  readonly assumed: Readonly<Record<string, string>>;
  /** Field → what only the user can tell; without it the network cannot be used. */
  readonly asks?: Readonly<Record<string, string>>;
}

export const IMAGENET = { scale: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
export const UNIT = { scale: 255, mean: [0, 0, 0], std: [1, 1, 1] } as const;
export const RAW = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** An output whose sides behind the first are all known. */
export interface KnownTensor {
  readonly name: string;
  readonly type: number;
  /** Without the batch. */
  readonly sides: readonly number[];
}

/** Outputs of `rank` axes (the batch among them) with all sides known but the batch's. */
export function known(outputs: readonly TensorInfo[], rank: number): KnownTensor[] {
  return outputs.flatMap(({ name, type, shape }) => {
    const sides = shape.slice(1);
    return shape.length === rank && sides.every((side) => typeof side === 'number') ? [{ name, type, sides }] : [];
  });
}

/** The strides, of those usual, whose levels have so many cells together, each with the given number of places. */
export function stridesOf(
  places: number,
  { image }: ModelTensors,
  perCell: number,
  usual: readonly (readonly number[])[],
): readonly number[] | undefined {
  const { width, height } = image ?? {};
  if (width === undefined || height === undefined) return undefined;
  return usual.find(
    (strides) => places === strides.reduce((sum, s) => sum + Math.ceil(width / s) * Math.ceil(height / s), 0) * perCell,
  );
}

export const YOLO_STRIDES = [
  [8, 16, 32],
  [8, 16, 32, 64],
] as const;

/** The assumption about the preparation of pictures, in words. */
export function conventionOf(whose: string): Readonly<Record<string, string>> {
  return { 'input.scale, mean, std, order, resize, padding': `as ${whose} prepares pictures` };
}

/** Whether a tensor is made by such a node, seen through nodes that only rearrange. */
export function comesFrom(index: ModelTensors['index'], tensor: string, opType: string): boolean {
  for (let steps = 0, name = tensor; steps < 12; steps++) {
    const node = index.producer(name);
    if (node === undefined) return false;
    if (node.opType === opType) return true;
    if (!['Reshape', 'Transpose', 'Identity', 'Concat', 'Cast', 'Flatten', 'Squeeze'].includes(node.opType))
      return false;
    name = node.input[0] ?? '';
  }
  return false;
}
