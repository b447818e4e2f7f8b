import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeBag } from '../../src/bag/describeBag.js';
import { saveBaseline } from '../../src/drift/baseline.js';
import { BaselineRecorder } from '../../src/drift/baselineRecorder.js';
import { type Header, PerceptionUnderTest, TINY_MODEL } from './perception.js';

interface Detection2DArray {
  readonly header: Header;
  readonly detections: readonly {
    readonly results: readonly { readonly hypothesis: { readonly class_id: string; readonly score: number } }[];
  }[];
}

interface FusedDetections {
  readonly header: Header;
  readonly reference: string;
  readonly spectra: readonly string[];
  readonly detections: readonly {
    readonly class_name: string;
    readonly score: number;
    readonly supporting: readonly string[];
    readonly silent: readonly string[];
    readonly shapley: ArrayLike<number>;
    readonly leave_one_out: ArrayLike<number>;
    readonly agreement: number | null;
    readonly members: readonly { readonly spectrum: string; readonly index: number; readonly score: number }[];
  }[];
}

const SUPPORTED = '/perception_node/fused/supported';
const BOXES = '/perception_node/fused/detections';
const FUSION = {
  reference: 'fir',
  homographies: { rgb: [1, 0, 0, 0, 1, 0, 0, 0, 1] },
  parallaxPixels: 0,
  expect: { minimumSide: 0, minimumVisible: 0 },
};

const stampOf = ({ stamp }: Header): string => `${stamp.sec}.${stamp.nanosec}`;

describe('perception_node, fusing', function () {
  this.timeout(180_000);
  let folder: string;
  let ros: PerceptionUnderTest;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'msal-ros-fusion-'));
    const baseline = path.join(folder, 'baseline.json');
    await saveBaseline(baseline, certainDrive());
    ros = new PerceptionUnderTest({
      bands: ['rgb', 'fir'],
      config: { fusion: FUSION },
      parameters: {
        'drift.baseline': baseline,
        'drift.min_samples': 50,
        'drift.window': 4.0,
        'frame_log.folder': path.join(folder, 'log'),
        'frame_log.period': 0.0,
        'frame_log.middling_low': 1.0,
        'frame_log.middling_high': 0.0,
        'frame_log.disagreement': 0.0,
        'frame_log.unusual_attention': 0.5,
      },
    });
    for (const spectrum of ['rgb', 'fir'] as const) {
      ros.subscribe(`/perception_node/${spectrum}/detections`, 'vision_msgs/msg/Detection2DArray');
      // Not the same noise for both.
      ros.camera(spectrum, spectrum === 'fir' ? { encoding: 'mono8' } : {});
    }
    ros.subscribe(SUPPORTED, 'multispectral_saliency/msg/FusedDetections');
    ros.subscribe(BOXES, 'vision_msgs/msg/Detection2DArray');
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.message(SUPPORTED);
  });

  after(async () => {
    await ros.stop();
    rmSync(folder, { recursive: true });
  });

  it('publishes what both bands see in the view of one of them, with who supports it', async () => {
    const fused = await ros.message<FusedDetections>(
      SUPPORTED,
      ({ spectra, detections }) => spectra.length === 2 && detections.length > 0,
    );
    assert.deepEqual(
      [fused.reference, fused.spectra, fused.header.frame_id],
      ['fir', ['rgb', 'fir'], 'fir_optical_frame'],
    );
    const at = stampOf(fused.header);
    const own = await ros.message<Detection2DArray>(
      '/perception_node/fir/detections',
      ({ header }) => stampOf(header) === at,
    );
    const boxes = await ros.message<Detection2DArray>(BOXES, ({ header }) => stampOf(header) === at);
    assert.deepEqual(
      boxes.detections.map(({ results }) => results[0]?.hypothesis.class_id),
      fused.detections.map(({ class_name }) => class_name),
    );
    const members = fused.detections.flatMap((object) =>
      object.members.map((member) => ({ ...member, className: object.class_name })),
    );
    // Every detection of the reference band is a member once, by its index.
    const ofFir = members.filter(({ spectrum }) => spectrum === 'fir').sort((a, b) => a.index - b.index);
    assert.deepEqual(
      ofFir.map(({ index, className }) => [index, className]),
      own.detections.map(({ results }, index) => [index, results[0]?.hypothesis.class_id]),
    );
    for (const { supporting, silent, agreement, score, members: few, ...values } of fused.detections) {
      assert.deepEqual(
        supporting,
        ['rgb', 'fir'].filter((band) => few.some(({ spectrum }) => spectrum === band)),
      );
      assert.ok(supporting.every((band) => !silent.includes(band)));
      // What each of the two bands did for the score.
      const [shapley, leaveOneOut] = [Array.from(values.shapley), Array.from(values.leave_one_out)];
      assert.deepEqual([shapley.length, leaveOneOut.length], [2, 2]);
      assert.ok(Math.abs(shapley[0] + shapley[1] - score) < 1e-5);
      assert.ok([...shapley, ...leaveOneOut].every((value) => Math.abs(value) <= 1));
      assert.ok(score > 0 && score <= Math.max(...few.map((member) => member.score)) * 1.0001);
      if (agreement !== null) assert.ok(Math.abs(agreement - (1 - silent.length / 2)) < 1e-6);
    }
  });

  it('keeps frames about which the bands disagree, and frames with unusual attention', async () => {
    const log = path.join(folder, 'log');
    const reasons = async (): Promise<string[]> => {
      // What is still being written is called `.unfinished-…`.
      const files = readdirSync(log).filter((name) => name.endsWith('.mcap') && !name.startsWith('.'));
      const bags = await Promise.all(files.map((name) => describeBag(path.join(log, name))));
      return bags.map(({ metadata }) => metadata.find(({ name }) => name === 'frame_log')?.values['reason'] ?? '');
    };
    const wanted = [
      /^disagreement: only (rgb sees a \w+ \([01]\.\d\d\), fir|fir sees a \w+ \([01]\.\d\d\), rgb) should$/,
      /^unusual attention: energy (in box|gain) \S+ of \w+ in (rgb|fir): (lower|higher) than in \S+ % of images$/,
    ];
    let found = await reasons();
    while (!wanted.every((pattern) => found.some((reason) => pattern.test(reason)))) {
      await ros.message(SUPPORTED, freshly());
      found = await reasons();
    }
    for (const reason of found)
      assert.ok(
        wanted.some((pattern) => pattern.test(reason)),
        reason,
      );
  });

  it('says in /diagnostics what has drifted from the baseline, and what cannot be compared', async () => {
    const { values, message } = await ros.diagnosis('drift', /drift of fir scores from the baseline/, 1);
    assert.match(message, /drift of rgb scores/);
    const index = values.find(({ key }) => key === 'fir scores (stability index)')?.value;
    assert.ok(Number.parseFloat(index ?? '') > 0.25, index);
    await setParameter(ros, { name: 'score_threshold', value: { type: 3, double_value: 0.0002 } });
    await ros.diagnosis('drift', /not compared: the score threshold is 0\.0002/, 1);
    await setParameter(ros, { name: 'score_threshold', value: { type: 3, double_value: 0.0001 } });
    await ros.diagnosis('drift', /drift of fir scores from the baseline/, 1);
  });

  it('stops fusing and starts again at run time', async () => {
    await setParameter(ros, { name: 'fusion.enabled', value: { type: 1, bool_value: false } });
    const fir = '/perception_node/fir/detections';
    // What was in work when the parameter changed is still fused.
    for (let i = 0; i < 2; i++) await ros.message(fir, freshly());
    const last = (topic: string): bigint => {
      const stamps = ros
        .heard<{ header: Header }>(topic)
        .map(({ header: { stamp } }) => BigInt(stamp.sec) * 10n ** 9n + BigInt(stamp.nanosec));
      return stamps.reduce((latest, stamp) => (stamp > latest ? stamp : latest));
    };
    const off = last(fir);
    for (let i = 0; i < 3; i++) await ros.message(fir, freshly());
    assert.ok(last(SUPPORTED) <= off && last(fir) > off);
    const before = ros.heard(SUPPORTED).length;
    await setParameter(ros, { name: 'fusion.enabled', value: { type: 1, bool_value: true } });
    await ros.message(SUPPORTED, () => ros.heard(SUPPORTED).length > before);
  });

  /** A message with a stamp later than that of any heard so far. */
  function freshly(): (message: { header: Header }) => boolean {
    const topics = [SUPPORTED, '/perception_node/fir/detections'];
    const seen = new Set(
      topics.flatMap((topic) => ros.heard<{ header: Header }>(topic)).map(({ header }) => stampOf(header)),
    );
    return ({ header }) => !seen.has(stampOf(header));
  }
});

describe('perception_node that is told to fuse or compare without the means', function () {
  this.timeout(120_000);
  const cases: [what: string, parameters: Record<string, string | boolean>, said: RegExp][] = [
    ['a fusion without homographies', { 'fusion.enabled': true }, /fusion\.enabled cannot be true.*no section fusion/],
    [
      'a baseline that is not there',
      { 'drift.baseline': '/nowhere/baseline.json' },
      /drift baseline \/nowhere\/baseline\.json cannot be read/,
    ],
  ];
  for (const [what, parameters, said] of cases) {
    it(`refuses ${what}, with words and an exit code`, async () => {
      const ros = new PerceptionUnderTest({ bands: ['fir'], parameters });
      try {
        assert.equal(await ros.node.ended(), 2);
        await ros.node.line(said);
      } finally {
        await ros.stop();
      }
    });
  }
});

/** The baseline of a drive on which the tiny model was sure of everything. */
function certainDrive() {
  const { sha256, classes } = JSON.parse(readFileSync(TINY_MODEL, 'utf8')) as { sha256: string; classes: string[] };
  const settings = {
    scoreThreshold: 0.0001,
    iouThreshold: 0.5,
    maxDetections: 100,
    gradCam: 'study',
    fusionIouThreshold: 0.55,
  };
  const model = { name: 'tiny', sha256, classes };
  const recorder = new BaselineRecorder(
    'a made-up drive',
    settings,
    new Map([
      ['rgb', model],
      ['fir', model],
    ]),
  );
  const detections = classes.map((className, i) => ({ className, score: 0.9 + i / 100 }));
  for (let i = 0; i < 100; i++)
    recorder.add({
      bands: (['rgb', 'fir'] as const).map((spectrum) => ({ spectrum, classes, detections })),
      agreements: [1, 0.5],
    });
  return recorder.baseline();
}

async function setParameter(ros: PerceptionUnderTest, parameter: object): Promise<void> {
  const { results } = await ros.call('/perception_node/set_parameters', 'rcl_interfaces/srv/SetParameters', {
    parameters: [parameter],
  });
  assert.deepEqual(results, [{ successful: true, reason: '' }]);
}
