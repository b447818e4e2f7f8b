import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import { commonFields, positive, scoring, severalClasses, tensorName } from './manifestFields.js';

/** One entry a family: what its manifest says beside the common fields. Descriptions become docs/models.md. */

const levels = z.array(tensorName).min(1).max(10);
const strides = z.array(z.int().min(1).max(1024)).min(1).max(10);
const extra = z
  .int()
  .min(0)
  .max(1024)
  .default(0)
  .describe('values behind the class scores that are no classes: 32 for masks, 51 for poses');

const efficientDet = z
  .object({
    family: z.literal('efficientdet').describe('EfficientDet; may be left out'),
    ...commonFields,
    size: z.string().max(50).describe('for the reader’s information: d0 … d7, tiny'),
    anchors: z
      .object({
        minLevel: z.int().min(1).max(10).describe('finest level of the pyramid; its stride is 2^minLevel'),
        maxLevel: z.int().min(1).max(10).describe('coarsest level'),
        scales: z.array(positive).min(1).max(20).describe('sizes of a cell’s anchors'),
        aspects: z
          .array(z.tuple([positive, positive]))
          .min(1)
          .max(20)
          .describe('their shapes, width and height'),
        anchorScale: positive.describe('side of an anchor of size 1 in strides'),
      })
      .refine(({ minLevel, maxLevel }) => maxLevel >= minLevel, 'maxLevel must not be below minLevel'),
    boxCoding: z.literal('yxhw').describe('order of the box regression'),
    outputs: z.object({
      classLogits: levels.describe('one [N, A·C, h, w] a level, or one [N, anchors, C] over all levels'),
      boxRegression: levels.describe('one [N, A·4, h, w] a level, or one [N, anchors, 4]'),
      headFeatures: levels
        .optional()
        .describe('what enters the class head’s last separable convolution; found by walking the graph'),
      backboneFeatures: levels
        .optional()
        .describe('what enters the feature pyramid, finest first, [N, F, h, w]; found by walking the graph'),
    }),
    classHead: z
      .object({
        depthwise: tensorName.describe('weights of the class head’s last depthwise convolution'),
        pointwise: tensorName.describe('weights of the 1×1 convolution behind it'),
        pointwiseBias: tensorName.optional().describe('its bias'),
      })
      .optional(),
  })
  .superRefine(({ outputs, anchors, input }, context) => {
    if (input.resize === 'letterbox-centre')
      context.addIssue({
        code: 'custom',
        path: ['input', 'resize'],
        message: 'EfficientDet takes letterbox-top-left or stretch',
      });
    const count = anchors.maxLevel - anchors.minLevel + 1;
    for (const key of ['classLogits', 'boxRegression', 'headFeatures'] as const) {
      const names = outputs[key]?.length ?? count;
      if (names !== count && !(names === 1 && key !== 'headFeatures'))
        context.addIssue({
          code: 'custom',
          path: ['outputs', key],
          message: `${names} names for ${count} levels (${anchors.minLevel} to ${anchors.maxLevel})`,
        });
    }
  });

const yoloV8 = z.object({
  family: z.literal('yolo-v8').describe('Ultralytics v8, v9, v11, v12'),
  ...commonFields,
  severalClasses: severalClasses.default(false),
  outputs: z.object({
    predictions: tensorName.describe(
      '[N, 4 + C, places]: centre x, centre y, width, height in input pixels, class scores',
    ),
    extra,
  }),
});

const yoloV5 = z.object({
  family: z.literal('yolo-v5').describe('Ultralytics v5, YOLOv7 without suppression'),
  ...commonFields,
  severalClasses: severalClasses.default(false),
  outputs: z.object({
    predictions: tensorName.describe(
      '[N, places, 5 + C]: centre x, centre y, width, height in input pixels, objectness, class scores',
    ),
    extra,
  }),
});

const endToEnd = z.object({
  family: z.literal('end-to-end').describe('one table of finished boxes, as of YOLOv10 and Ultralytics with nms=True'),
  ...commonFields,
  outputs: z.object({
    detections: tensorName.describe('[N, K, 6] or [K, 6]: x1, y1, x2, y2 in input pixels, score, class'),
    extra,
  }),
  firstClass: z.int().min(0).max(1).default(0).describe('number of the first of `classes`'),
});

const suppressed = z.object({
  family: z.literal('suppressed').describe('an export with its suppression inside'),
  ...commonFields,
  outputs: z.object({
    boxes: tensorName.describe('[N, K, 4] or [K, 4]'),
    scores: tensorName.describe('[N, K] or [K]'),
    classes: tensorName.describe('[N, K] or [K]: numbers of the classes'),
  }),
  boxCoding: z.enum(['xyxy', 'yxyx']).default('xyxy').describe('order of a box’s corners'),
  boxUnit: z.enum(['pixels', 'share']).default('pixels').describe('input pixels, or shares of the input’s sides'),
  firstClass: z
    .int()
    .min(0)
    .max(1)
    .default(0)
    .describe('number of the first of `classes`: 1 where 0 is the background'),
});

const yolox = z.object({
  family: z.literal('yolox').describe('YOLOX'),
  ...commonFields,
  severalClasses: severalClasses.default(false),
  strides: strides.default([8, 16, 32]).describe('pixels from one cell to the next, finest level first'),
  decoded: z
    .boolean()
    .default(false)
    .describe('true: exported with its decoding, boxes are in input pixels; false: raw'),
  outputs: z.object({
    predictions: tensorName.describe('[N, places, 5 + C]: box, objectness, class scores (both after the sigmoid)'),
  }),
});

const nanoDet = z
  .object({
    family: z.literal('nanodet').describe('NanoDet, NanoDet-Plus, PicoDet: distributions of distances (GFL)'),
    ...commonFields,
    severalClasses: severalClasses.default(false),
    strides: strides.describe('pixels from one cell to the next, finest level first'),
    pointOffset: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('distances are measured from (cell + pointOffset) · stride; 0 for NanoDet-Plus'),
    scoring: z
      .enum(['sigmoid', 'probabilities'])
      .default('probabilities')
      .describe('whether class scores still need their sigmoid'),
    outputs: z.object({
      scores: levels.optional().describe('a level each: [N, cells, C] or [N, C, h, w]'),
      distances: levels.optional().describe('a level each: [N, cells, 4·(reg_max + 1)] or [N, 4·(reg_max + 1), h, w]'),
      predictions: tensorName.optional().describe('or one [N, places, C + 4·(reg_max + 1)] over all levels'),
    }),
  })
  .superRefine(({ outputs: { scores, distances, predictions }, strides: { length } }, context) => {
    const levelled = scores?.length === length && distances?.length === length && predictions === undefined;
    const joint = predictions !== undefined && scores === undefined && distances === undefined;
    if (!levelled && !joint)
      context.addIssue({
        code: 'custom',
        path: ['outputs'],
        message: `name scores and distances, ${length} each (as many as strides), or predictions alone`,
      });
  });

const centerNet = z.object({
  family: z.literal('centernet').describe('CenterNet: a heat map whose peaks are objects'),
  ...commonFields,
  severalClasses: severalClasses.default(true),
  scoring: z
    .enum(['sigmoid', 'probabilities'])
    .default('probabilities')
    .describe('whether the heat map still needs its sigmoid'),
  peaks: z.boolean().default(true).describe('only cells that none of their eight neighbours exceeds are boxes'),
  boxes: z
    .enum(['sizes-in-cells', 'sizes-in-pixels', 'distances-in-pixels'])
    .default('sizes-in-cells')
    .describe('width and height around the centre, or how far the box reaches left, up, right and down of it'),
  outputs: z.object({
    heatMap: tensorName.describe('[N, C, h, w], or [N, h, w, C]'),
    sizes: tensorName.describe('[N, 2, h, w], of distances [N, 4, h, w]; or with channels last'),
    offsets: tensorName.optional().describe('[N, 2, h, w]: where in its cell the centre lies, x and y'),
  }),
});

const detr = z.object({
  family: z.literal('detr').describe('DETR, RT-DETR, D-FINE, RF-DETR: one box a query'),
  ...commonFields,
  severalClasses: severalClasses.default(true),
  scoring: scoring
    .exclude(['probabilities'])
    .describe('`softmax` with “no object” as the last class (DETR), or `sigmoid` (all later ones)'),
  outputs: z.object({
    logits: tensorName.describe('[N, queries, C], with softmax [N, queries, C + 1]'),
    boxes: tensorName.describe('[N, queries, 4]: centre x, centre y, width, height as shares of the input'),
  }),
});

const anchorBoxes = z.object({
  sizes: z
    .array(z.array(positive).min(1).max(10))
    .min(1)
    .max(10)
    .describe('for each level, finest first, the sides of its anchors in input pixels'),
  ratios: z.array(positive).min(1).max(10).describe('height to width of the anchors of each size'),
  offset: z.number().min(0).max(1).default(0).describe('anchors sit at (cell + offset) · stride'),
  rounded: z.boolean().default(true).describe('corners are rounded to whole pixels, as torchvision does'),
});

const boxWeights = z
  .tuple([positive, positive, positive, positive])
  .describe('the regression (x, y, w, h) is divided by these');

const retinaNet = z.object({
  family: z.literal('retinanet').describe('RetinaNet with raw heads'),
  ...commonFields,
  severalClasses: severalClasses.default(true),
  strides: strides.describe('pixels from one cell to the next, finest level first'),
  anchors: anchorBoxes,
  boxWeights: boxWeights.default([1, 1, 1, 1]),
  outputs: z.object({
    classLogits: tensorName.describe('[N, anchors, C]'),
    boxRegression: tensorName.describe('[N, anchors, 4]: x, y, w, h'),
  }),
});

const fcos = z.object({
  family: z.literal('fcos').describe('FCOS with raw heads'),
  ...commonFields,
  severalClasses: severalClasses.default(true),
  strides: strides.describe('pixels from one cell to the next, finest level first'),
  pointOffset: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('distances are measured from (cell + pointOffset) · stride'),
  outputs: z.object({
    classLogits: tensorName.describe('[N, places, C]'),
    distances: tensorName.describe('[N, places, 4]: left, top, right, bottom in strides'),
    centreness: tensorName.describe('[N, places, 1], before its sigmoid'),
  }),
});

const ssd = z.object({
  family: z.literal('ssd').describe('SSD, SSDlite with raw heads'),
  ...commonFields,
  severalClasses: severalClasses.default(true),
  featureMaps: z
    .array(z.tuple([z.int().min(1).max(1024), z.int().min(1).max(1024)]))
    .min(1)
    .max(10)
    .describe('rows and columns of each level, finest first'),
  defaultBoxes: z
    .object({
      scales: z.array(positive).min(2).max(11).describe('sides as shares of the input: one a level and one more'),
      ratios: z
        .array(z.array(positive).max(10))
        .min(1)
        .max(10)
        .describe(
          'for each level, width to height of its boxes beside the square ones; each stands for its inverse too',
        ),
      clip: z.boolean().default(true).describe('sides and centres are kept within the input'),
    })
    .describe('as torchvision’s DefaultBoxGenerator makes them'),
  boxWeights: boxWeights.default([10, 10, 5, 5]),
  scoring: scoring.exclude(['probabilities']).default('softmax').describe('`softmax` with the background as class 0'),
  outputs: z.object({
    classLogits: tensorName.describe('[N, boxes, C], with softmax [N, boxes, 1 + C]'),
    boxRegression: tensorName.describe('[N, boxes, 4]: x, y, w, h'),
  }),
});

export const manifestSchema = z.discriminatedUnion('family', [
  efficientDet,
  yoloV8,
  yoloV5,
  endToEnd,
  yolox,
  nanoDet,
  centerNet,
  detr,
  retinaNet,
  fcos,
  ssd,
  suppressed,
]);

/** What a runtime has to know about an ONNX file (schema version 1); `family` says which head it has. */
export type ModelManifest = Readonly<z.infer<typeof manifestSchema>>;
/** As people write it: what has a default may be left out. */
export type ModelManifestInput = z.input<typeof manifestSchema>;
export type FamilyName = ModelManifest['family'];
export type ManifestOf<Name extends FamilyName> = Readonly<Extract<ModelManifest, { family: Name }>>;
export type EfficientDetManifest = ManifestOf<'efficientdet'>;

/**
 * Checks the content of a manifest. One without a family is EfficientDet's.
 * @param source how messages name it
 * @throws ExpectedError `model` that lists every field that is wrong
 */
export function parseManifest(value: unknown, source: string): ModelManifest {
  const old = typeof value === 'object' && value !== null && !('family' in value);
  const result = manifestSchema.safeParse(old ? { family: 'efficientdet', ...value } : value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 10)
    .map(({ path: at, message }) => `${at.join('.') || '(top)'}: ${message}`);
  throw new ExpectedError(
    'model',
    `the model manifest ${source} does not hold: ${problems.join('; ')}`,
    'correct these fields; docs/models.md describes them, and the manifests in models/ are examples',
  );
}
