import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import { assignTopics, type TopicInfo } from '../../src/perception/topicSpectra.js';
import type { Spectrum } from '../../src/spectrum.js';

/** A topic that ends in `compressed` is a CompressedImage; `name:Type` states another type. */
function topics(...names: string[]): TopicInfo[] {
  return names.map((name) => {
    const [topic = '', type] = name.split(':');
    const image = topic.endsWith('compressed') ? 'CompressedImage' : 'Image';
    return { topic, type: `sensor_msgs/msg/${type ?? image}` };
  });
}

const cases: readonly {
  readonly name: string;
  readonly available: readonly TopicInfo[];
  readonly configured?: Partial<Record<Spectrum, string>>;
  readonly bands?: readonly Spectrum[];
  readonly assigned?: Partial<Record<Spectrum, string>>;
  readonly error?: RegExp;
}[] = [
  {
    name: 'the topics of a generated drive',
    available: topics(
      '/camera/fir/image_raw',
      '/camera/rgb/image_raw',
      '/camera/nir/image_raw',
      '/camera/mir/image_raw',
    ),
    assigned: {
      rgb: '/camera/rgb/image_raw',
      nir: '/camera/nir/image_raw',
      mir: '/camera/mir/image_raw',
      fir: '/camera/fir/image_raw',
    },
  },
  {
    name: 'raw rather than compressed of one camera, compressed where it is alone',
    available: topics('/rgb/image_raw/compressed', '/rgb/image_raw', '/thermal/image/compressed'),
    assigned: { rgb: '/rgb/image_raw', fir: '/thermal/image/compressed' },
  },
  {
    name: 'words in camel case, words joined, other names of the bands',
    available: topics('/frontColor/image', '/front_near_ir/image', '/MWIR/image', '/boson/flir_image'),
    assigned: {
      rgb: '/frontColor/image',
      nir: '/front_near_ir/image',
      mir: '/MWIR/image',
      fir: '/boson/flir_image',
    },
  },
  {
    name: 'no words inside words: affirm is not fir, admiral is not mir',
    available: topics('/affirm/image', '/admiral/image', '/rgb/image'),
    assigned: { rgb: '/rgb/image' },
  },
  {
    name: 'depth, masks and overlays are no cameras, camera_info is no image',
    available: topics(
      '/rgb/image',
      '/rgb/depth',
      '/rgb/overlay/compressed',
      '/rgb/mask',
      '/rgb/camera_info:CameraInfo',
    ),
    assigned: { rgb: '/rgb/image' },
  },
  { name: 'a single image topic is taken for RGB', available: topics('/image_raw'), assigned: { rgb: '/image_raw' } },
  {
    name: 'configuration beats names, the rest is still guessed',
    available: topics('/fir/image', '/a', '/nir/image'),
    configured: { rgb: '/fir/image', fir: '/a' },
    assigned: { rgb: '/fir/image', fir: '/a', nir: '/nir/image' },
  },
  {
    name: 'only the bands asked for',
    available: topics('/fir/image', '/rgb/image'),
    bands: ['fir'],
    assigned: { fir: '/fir/image' },
  },
  {
    name: 'two cameras of one band',
    available: topics('/left/rgb/image', '/right/rgb/image'),
    error: /several topics look like the rgb camera: \/left\/rgb\/image, \/right\/rgb\/image; image topics: \/left/,
  },
  {
    name: 'a configured topic that is not there',
    available: topics('/fir/image'),
    configured: { fir: '/fir/imag' },
    error: /the fir topic \/fir\/imag is not there; image topics: \/fir\/image \(sensor_msgs\/msg\/Image\)/,
  },
  {
    name: 'a configured topic without images',
    available: topics('/scan:LaserScan', '/fir/image'),
    configured: { fir: '/scan' },
    error: /the fir topic \/scan carries sensor_msgs\/msg\/LaserScan, not images/,
  },
  {
    name: 'nothing to go by',
    available: topics('/left/image', '/right/image'),
    error: /no topic could be assigned.*\/left\/image/,
  },
  { name: 'no images at all', available: topics('/scan:LaserScan'), error: /image topics: there are none/ },
];

describe('assignTopics', () => {
  for (const { name, available, configured, bands, assigned, error } of cases) {
    it(name, () => {
      if (error === undefined) {
        assert.deepEqual(Object.fromEntries(assignTopics(available, configured, bands)), assigned);
      } else {
        assert.throws(
          () => assignTopics(available, configured, bands),
          (thrown) => thrown instanceof ExpectedError && thrown.kind === 'usage' && error.test(thrown.message),
        );
      }
    });
  }
});
