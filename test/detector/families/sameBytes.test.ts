import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { composeDetector, readPlainDetector } from '../../../src/detector/composedDetector.js';
import { readModelFiles } from '../../../src/detector/manifest.js';
import { composeMasked, composePreparation } from '../../../src/explain/network/maskedGraph.js';
import { fixture, FIXTURE_MODELS } from '../reference.js';

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Hashes of the composed graphs before there were families; of the detector since the shape of its box tensor leaves it too. */
const BEFORE = {
  'efficientdet-tiny': {
    detector: '836be03d150f6e186bc2a336a4d9c7ceb27090fb905f1856d016eb2be4466ca8',
    preparation: '3b98d9f3ead32c8958114b13d4cac62c78a978b5f21777887492596fd6719642',
    anchors: 'eaeceb77e83c1aee8dc355c7dc372f55ff41f68e30629ad09fac1a423517d3f5',
    nms: 'e1a3cdd0d0526c93563acdc1eb4f66602dcb86254af092e663b84596b0a9a45f',
  },
  'efficientdet-foreign': {
    detector: '226e3da833b56d67286cfa535d6cb78406fb478ec0dd4037b21ff22c173b7f21',
    preparation: '01f942e88b6fa02fc352511f9205f4c03f8aa691c5660409c046cf9482f8da29',
    anchors: '37fced5585e0162acb4db7e1549da92a4abe9691db508de956e7ccfd850b7a82',
    nms: '8326701ffcb062bb8682cb72477f336dd33d0d2bde2ed503d57484bff95cd495',
  },
};

describe('EfficientDet behind the families', () => {
  for (const name of FIXTURE_MODELS)
    it(`is composed to the same bytes as before there were any (${name})`, async () => {
      const plain = readPlainDetector(await readModelFiles(fixture(`${name}.json`)));
      assert.deepEqual(
        {
          detector: sha(composeDetector(plain, 64)),
          preparation: sha(composePreparation(plain)),
          anchors: sha(composeMasked(plain, 'grids', 'anchors', 5000)),
          nms: sha(composeMasked(plain, 'full', 'nms', 5000)),
        },
        BEFORE[name],
      );
    });
});
