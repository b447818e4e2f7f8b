/** In place of src/images/decode.ts: a decoder with defects, which images of certain widths bring out. */
import * as real from '../../src/images/decode.js';
import { WIDTH } from './fault.js';

export * from '../../src/images/decode.js';

export const decodeImage: typeof real.decodeImage = (image, options) => {
  const width = image.kind === 'raw' ? image.width : 0;
  if (width === WIDTH.throws) throw new TypeError('a defect of the decoder, injected by a test');
  if (width === WIDTH.throwsLater) {
    setTimeout(() => {
      throw new TypeError('a late defect of the decoder, injected by a test');
    });
  }
  return real.decodeImage(image, options);
};
