import assert from 'node:assert/strict';
import { SPECTRA } from '../../src/spectrum.js';
import { type DiagnosticStatus, type Header, PerceptionUnderTest } from './perception.js';

interface Detection2DArray {
  readonly header: Header;
  readonly detections: readonly {
    readonly header: Header;
    readonly results: readonly { readonly hypothesis: { readonly class_id: string; readonly score: number } }[];
    readonly bbox: { readonly size_x: number; readonly size_y: number };
  }[];
}

interface ExplainedDetections {
  readonly header: Header;
  readonly spectrum: string;
  readonly model_sha256: string;
  readonly variant: string;
  readonly detections: readonly {
    readonly map_width: number;
    readonly map: readonly number[];
    readonly energy_in_box: number;
  }[];
}

interface ImageMessage {
  readonly header: Header;
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly format: string;
  readonly data: { readonly length: number };
}

const DETECTIONS = 'vision_msgs/msg/Detection2DArray';

describe('perception_node', function () {
  this.timeout(180_000);

  describe('with four rclpy cameras', () => {
    let ros: PerceptionUnderTest;

    before(async () => {
      ros = new PerceptionUnderTest();
      for (const spectrum of SPECTRA) {
        ros.subscribe(`/perception_node/${spectrum}/detections`, DETECTIONS);
        ros.camera(spectrum, spectrum === 'fir' ? { encoding: 'mono16' } : {});
      }
      ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await ros.message('/perception_node/rgb/detections');
    });

    after(() => ros.stop());

    it('publishes detections of every band with the header of the source image', async () => {
      for (const spectrum of SPECTRA) {
        const { header, detections } = await ros.message<Detection2DArray>(
          `/perception_node/${spectrum}/detections`,
          (message) => message.detections.length > 0,
        );
        assert.equal(header.frame_id, `${spectrum}_optical_frame`);
        assert.ok(header.stamp.sec > 1_600_000_000);
        const [first] = detections;
        assert.deepEqual(first?.header, header);
        assert.notEqual(first?.results[0]?.hypothesis.class_id, '');
        assert.ok((first?.results[0]?.hypothesis.score ?? 0) > 0);
        assert.ok((first?.bbox.size_x ?? 0) > 0);
      }
    });

    it('explains them for who listens, with maps on request', async () => {
      const topic = '/perception_node/nir/explained';
      ros.subscribe(topic, 'multispectral_saliency/msg/ExplainedDetections');
      const plain = await ros.message<ExplainedDetections>(topic, ({ detections }) => detections.length > 0);
      assert.equal(plain.spectrum, 'nir');
      assert.match(plain.model_sha256, /^[0-9a-f]{64}$/);
      assert.equal(plain.variant, 'study');
      assert.equal(plain.detections[0]?.map.length, 0);
      await setParameter(ros, { name: 'publish_maps', value: { type: 1, bool_value: true } });
      const { detections } = await ros.message<ExplainedDetections>(
        topic,
        (message) => (message.detections[0]?.map_width ?? 0) > 0,
      );
      assert.ok((detections[0]?.map.length ?? 0) > 0);
      await setParameter(ros, { name: 'publish_maps', value: { type: 1, bool_value: false } });
    });

    it('paints overlays for who looks, of the size of the source', async () => {
      ros.subscribe('/perception_node/rgb/overlay', 'sensor_msgs/msg/Image');
      ros.subscribe('/perception_node/fir/overlay/compressed', 'sensor_msgs/msg/CompressedImage');
      const raw = await ros.message<ImageMessage>('/perception_node/rgb/overlay');
      assert.deepEqual([raw.width, raw.height, raw.encoding, raw.data.length], [64, 48, 'rgb8', 64 * 48 * 3]);
      assert.equal(raw.header.frame_id, 'rgb_optical_frame');
      const compressed = await ros.message<ImageMessage>('/perception_node/fir/overlay/compressed');
      assert.equal(compressed.format, 'jpeg');
      assert.ok(compressed.data.length > 100);
    });

    it('tells late subscribers what detects and what the classes are called', async () => {
      ros.subscribe('/perception_node/mir/label_info', 'vision_msgs/msg/LabelInfo', 'latched');
      ros.subscribe('/perception_node/mir/vision_info', 'vision_msgs/msg/VisionInfo', 'latched');
      const labels = await ros.message<{ class_map: { class_id: number; class_name: string }[] }>(
        '/perception_node/mir/label_info',
      );
      assert.deepEqual(labels.class_map[0], { class_id: 0, class_name: 'Person' });
      const info = await ros.message<{ method: string }>('/perception_node/mir/vision_info');
      assert.match(info.method, /sha256 [0-9a-f]{64}/);
    });

    it('publishes latencies of the stages', async () => {
      ros.subscribe('/perception_node/debug/total_ms', 'std_msgs/msg/Float64');
      const { data } = await ros.message<{ data: number }>('/perception_node/debug/total_ms');
      assert.ok(data > 0);
    });

    it('describes its parameters, takes good values and refuses others', async () => {
      const { descriptors } = await ros.call(
        '/perception_node/describe_parameters',
        'rcl_interfaces/srv/DescribeParameters',
        {
          names: ['score_threshold', 'config_file'],
        },
      );
      const [score, config] = descriptors as {
        description: string;
        read_only: boolean;
        floating_point_range: { from_value: number; to_value: number }[];
      }[];
      assert.match(score?.description ?? '', /Lowest score/);
      assert.equal(score?.floating_point_range[0]?.to_value, 1);
      assert.equal(config?.read_only, true);
      const tooHigh = await setParameter(ros, { name: 'score_threshold', value: { type: 3, double_value: 1.5 } });
      assert.equal(tooHigh.successful, false);
      const unknownColours = await setParameter(ros, { name: 'color_map', value: { type: 4, string_value: 'plaid' } });
      assert.equal(unknownColours.successful, false);
      assert.match(unknownColours.reason, /color_map/);
      ros.subscribe('/perception_node/rgb/label_info', 'vision_msgs/msg/LabelInfo', 'latched');
      const certain = await setParameter(ros, { name: 'score_threshold', value: { type: 3, double_value: 1 } });
      assert.deepEqual(certain, { successful: true, reason: '' });
      await ros.message<Detection2DArray>(
        '/perception_node/rgb/detections',
        ({ detections }) => detections.length === 0,
      );
      await ros.message<{ threshold: number }>('/perception_node/rgb/label_info', ({ threshold }) => threshold === 1);
      await setParameter(ros, { name: 'score_threshold', value: { type: 3, double_value: 0.0001 } });
    });

    it('says in /diagnostics how each camera and the detector do', async () => {
      const camera = await ros.diagnosis('rgb camera', /Hz$/, 0);
      const values = new Map(camera.values.map(({ key, value }) => [key, value]));
      assert.equal(values.get('topic'), '/camera/rgb/image_raw');
      assert.equal(values.get('format'), '64×48 rgb8');
      assert.equal(values.get('publishers'), '1');
      const detector = await ros.diagnosis('detector', /./);
      const about = new Map(detector.values.map(({ key, value }) => [key, value]));
      assert.match(about.get('model sha256 for rgb') ?? '', /^[0-9a-f]{64}$/);
      assert.equal(about.get('execution provider for rgb'), 'cpu');
      assert.ok(Number(about.get('total (ms, median)')) > 0);
    });

    it('names a camera that has died, and goes on with the others', async () => {
      ros.camera('mir', { rate: 0 });
      await ros.diagnosis('mir camera', /no image for \d/, 2);
      await ros.diagnosis('rgb camera', /Hz$/, 0);
      ros.camera('mir', { rate: 10 });
      await ros.diagnosis('mir camera', /Hz$/, 0);
    });

    it('follows a change of size and encoding, and names what it cannot use', async () => {
      ros.camera('rgb', { width: 80, height: 40, encoding: 'bgr8' });
      await ros.message<Detection2DArray>('/perception_node/rgb/detections');
      await ros.node.line(
        /camera\/rgb\/image_raw: the images have changed their size or encoding, from 64×48 rgb8 to 80×40 bgr8/,
      );
      await ros.diagnosis('rgb camera', /changed their size or encoding, from 64×48 rgb8 to 80×40 bgr8/, 1);
      ros.camera('rgb', { broken: true });
      await ros.diagnosis('rgb camera', /images could not be used/, 2);
      // As it was, for whichever test comes next.
      ros.camera('rgb', { broken: false, width: 64, height: 48, encoding: 'rgb8' });
      await ros.diagnosis('rgb camera', /Hz$/, 0);
    });

    it('names a clock that is wrong and leaves its images out; the other bands do not follow it', async () => {
      ros.camera('nir', { stamp_offset: -3600 });
      await ros.diagnosis(
        'nir camera',
        /stamps are 3\d{3}\.\d s behind this node's clock.*images left out: their stamps lie far from those of the other/,
        1,
      );
      const { values } = await ros.diagnosis('rgb camera', /Hz$/, 0);
      const about = new Map(values.map(({ key, value }) => [key, value]));
      assert.equal(about.get('clock jumps back'), '0');
      assert.equal(about.get('images dropped (late)'), '0');
      ros.camera('nir', { stamp_offset: 0 });
      await ros.diagnosis('nir camera', /Hz$/, 0);
    });

    it('survives time jumping back for all', async () => {
      for (const spectrum of SPECTRA) ros.camera(spectrum, { stamp_offset: -3600 });
      const topic = '/perception_node/fir/detections';
      await ros.message<Detection2DArray>(topic, ({ header }) => header.stamp.sec < Date.now() / 1000 - 1800);
      // Whichever band's image bore the jump out counts it.
      await ros.message<{ status: DiagnosticStatus[] }>('/diagnostics', ({ status }) =>
        status.some(({ values }) => values.some(({ key, value }) => key === 'clock jumps back' && Number(value) > 0)),
      );
      for (const spectrum of SPECTRA) ros.camera(spectrum, { stamp_offset: 0 });
      await ros.diagnosis('nir camera', /Hz$/, 0);
    });

    it('stops and starts by its service and by its lifecycle', async () => {
      const topic = '/perception_node/rgb/detections';
      const { success } = await ros.call('/perception_node/enable', 'std_srvs/srv/SetBool', { data: false });
      assert.equal(success, true);
      await ros.diagnosis('detector', /disabled/);
      const whileOff = ros.heard(topic).length;
      await ros.diagnosis('detector', /disabled/);
      assert.equal(ros.heard(topic).length, whileOff);
      await ros.call('/perception_node/enable', 'std_srvs/srv/SetBool', { data: true });

      for (const [transition, state] of [
        ['deactivate', 'inactive'],
        ['cleanup', 'unconfigured'],
        ['configure', 'inactive'],
        ['activate', 'active'],
      ] as const) {
        assert.equal(await ros.changeState(transition), true);
        const { current_state: current } = await ros.call('/perception_node/get_state', 'lifecycle_msgs/srv/GetState');
        assert.equal((current as { label: string }).label, state);
      }
      assert.equal(await ros.changeState('configure'), false, 'a transition that is not there now');
      const before = ros.heard(topic).length;
      await ros.message(topic, () => ros.heard(topic).length > before);
    });
  });

  it('leaves cleanly at SIGINT', async () => {
    const ros = new PerceptionUnderTest();
    try {
      ros.subscribe('/perception_node/rgb/detections', DETECTIONS);
      ros.camera('rgb', {});
      await ros.message('/perception_node/rgb/detections');
      ros.node.signal('SIGINT');
      assert.equal(await ros.node.ended(), 0, ros.node.log.slice(-10).join('\n'));
    } finally {
      await ros.stop();
    }
  });
});

interface ParameterResult {
  readonly successful: boolean;
  readonly reason: string;
}

async function setParameter(ros: PerceptionUnderTest, parameter: object): Promise<ParameterResult> {
  const { results } = await ros.call('/perception_node/set_parameters', 'rcl_interfaces/srv/SetParameters', {
    parameters: [parameter],
  });
  const [result] = results as ParameterResult[];
  if (!result) throw new Error('no result of set_parameters');
  return result;
}
