import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import { guessSpectra, type SpectrumTopics } from '../../src/bag/guessSpectra.js';

const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';

function images(...names: string[]): { name: string; type: string }[] {
  return names.map((name) => ({ name, type: name.endsWith('/compressed') ? COMPRESSED : IMAGE }));
}

describe('guessing which topic is which spectrum', () => {
  const cases: [string, string[], SpectrumTopics][] = [
    [
      'the four of a generated drive',
      ['rgb', 'nir', 'mir', 'fir'].map((s) => `/camera/${s}/image_raw`),
      {
        rgb: '/camera/rgb/image_raw',
        nir: '/camera/nir/image_raw',
        mir: '/camera/mir/image_raw',
        fir: '/camera/fir/image_raw',
      },
    ],
    [
      'trade names of the bands',
      ['/visible/image', '/swir/image', '/mwir/image', '/lwir/image'],
      { rgb: '/visible/image', nir: '/swir/image', mir: '/mwir/image', fir: '/lwir/image' },
    ],
    [
      'words run together or hyphenated',
      ['/FrontColor/image_raw', '/near-IR2/image_raw', '/MidInfrared/image_raw', '/thermal_1/image_raw'],
      {
        rgb: '/FrontColor/image_raw',
        nir: '/near-IR2/image_raw',
        mir: '/MidInfrared/image_raw',
        fir: '/thermal_1/image_raw',
      },
    ],
    ['raw before compressed', ['/rgb/image_raw', '/rgb/image_raw/compressed'], { rgb: '/rgb/image_raw' }],
    ['compressed where there is nothing else', ['/rgb/image_raw/compressed'], { rgb: '/rgb/image_raw/compressed' }],
    ['raw before rectified', ['/rgb/image_rect_color', '/rgb/image_raw'], { rgb: '/rgb/image_raw' }],
    ['plain infrared as thermal', ['/color/image', '/ir/image'], { rgb: '/color/image', fir: '/ir/image' }],
    ['a word inside a word is none', ['/first/image', '/fir/image'], { rgb: '/first/image', fir: '/fir/image' }],
    ['a single unnamed camera as visible', ['/image_raw'], { rgb: '/image_raw' }],
    [
      'no depth maps and overlays',
      ['/camera/color/image', '/camera/color/depth', '/rgb/overlay'],
      { rgb: '/camera/color/image' },
    ],
  ];
  for (const [name, topics, expected] of cases) {
    it(name, () => assert.deepEqual(guessSpectra(images(...topics)), expected));
  }

  it('lets the configuration decide, also against the name', () => {
    const topics = images('/thermal/left', '/thermal/right', '/color');
    assert.deepEqual(guessSpectra(topics, { fir: '/thermal/left' }), { fir: '/thermal/left', rgb: '/color' });
    assert.deepEqual(guessSpectra(topics, { mir: '/thermal/right' }), {
      mir: '/thermal/right',
      fir: '/thermal/left',
      rgb: '/color',
    });
  });

  const errors: [string, { name: string; type: string }[], SpectrumTopics, RegExp][] = [
    [
      'two of a band',
      images('/front/rgb', '/rear/rgb'),
      {},
      /several topics may be rgb: \/front\/rgb, \/rear\/rgb; image topics are: \/front/,
    ],
    ['names that say nothing', images('/cam0', '/cam1'), {}, /several topics may be rgb: \/cam0, \/cam1/],
    ['no image topic', [{ name: '/chatter', type: 'std_msgs/msg/String' }], {}, /there is no image topic/],
    [
      'a configured topic that is not there',
      images('/rgb'),
      { fir: '/nope' },
      /topic \/nope for fir is not there; image topics are: \/rgb/,
    ],
    [
      'a configured topic of another type',
      [{ name: '/chatter', type: 'std_msgs/msg/String' }],
      { rgb: '/chatter' },
      /topic \/chatter for rgb is a std_msgs\/msg\/String, not an image/,
    ],
  ];
  for (const [name, topics, configured, message] of errors) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => guessSpectra(topics, configured),
        (error) => {
          assert.ok(error instanceof ExpectedError && error.kind === 'input' && error.remedy.includes('--topic'));
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
