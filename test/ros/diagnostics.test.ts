import assert from 'node:assert/strict';
import type { Frame } from '../../src/images/frame.js';
import { BandMonitor, type BandSnapshot } from '../../src/ros/bandMonitor.js';
import { bandStatus, nodeStatus } from '../../src/ros/diagnostics.js';
import { LatencyWindow } from '../../src/ros/latencyWindow.js';
import { runtimeSchema } from '../../src/ros/parameterSchema.js';

const limits = runtimeSchema.parse({});
const SECOND = 1_000_000_000n;

const fine: BandSnapshot = {
  ...new BandMonitor('fir', '/camera/fir/image_raw').snapshot(0n, { publishers: 1, mismatches: [] }),
  ageSeconds: 0.02,
  rateHz: 30,
  stampAgeSeconds: 0.01,
  received: 100,
  recentReceived: 30,
};

function frame(stampNs: bigint, width = 640): Frame {
  const image = {
    kind: 'raw',
    width,
    height: 480,
    encoding: 'mono8',
    bigEndian: false,
    step: width,
    data: new Uint8Array(0),
  } as const;
  return { spectrum: 'fir', topic: '/t', frameId: '', stampNs, receivedNs: 0n, image };
}

describe('diagnostics of a camera', () => {
  const cases: [string, Partial<BandSnapshot>, number, RegExp][] = [
    ['is fine', {}, 0, /^30\.0 Hz$/],
    ['is a little late', { ageSeconds: 0.6 }, 1, /^no image for 0\.6 s$/],
    ['is dead', { ageSeconds: 3 }, 2, /^no image for 3\.0 s$/],
    [
      'has lost its publisher',
      { publishers: 0, ageSeconds: 3 },
      2,
      /nobody publishes on \/camera\/fir\/image_raw; no image for 3\.0 s/,
    ],
    ['was never there', { publishers: 0, ageSeconds: undefined }, 1, /^nobody publishes on/],
    ['is there but silent', { ageSeconds: undefined }, 1, /^no image yet on/],
    [
      'cannot be heard',
      { ageSeconds: undefined, mismatches: ['/cam cannot be heard: QoS'] },
      2,
      /^\/cam cannot be heard: QoS on \/camera/,
    ],
    ['sends rubbish', { recentFailures: 3, lastFailure: 'step is 2' }, 2, /^3 images could not be used: step is 2$/],
    ['lives in the past', { stampAgeSeconds: 60 }, 1, /^stamps are 60\.0 s behind this node's clock/],
    ['lives in the future', { stampAgeSeconds: -60 }, 1, /^stamps are 60\.0 s ahead of this node's clock/],
    ['is too fast', { recentDrops: 20 }, 1, /^67 % of the images dropped/],
    [
      'loses images on the way',
      { rateHz: 3.7, camera: { rateHz: 10, lostShare: 0.63 } },
      1,
      /^about 63 % of the images are lost on the way .* takes 10\.0 a second, 3\.7 arrive; .*fastdds\.xml/,
    ],
    ['loses hardly any', { camera: { rateHz: 10, lostShare: 0.01 } }, 0, /Hz$/],
    [
      'is out of step',
      { outOfStep: { from: 'rgb', offsetNs: 40_000_000n } },
      1,
      /^out of step: its stamps lie 40\.0 ms after those of rgb, .*synchronization\.maxSkewMs/,
    ],
    [
      'stamps with zeros',
      { recentImplausible: 2 },
      1,
      /^2 images left out: their stamps lie far from those of the other images/,
    ],
    [
      'has several troubles: the worst comes first',
      { recentDrops: 20, ageSeconds: 3 },
      2,
      /^no image for 3\.0 s; 67 % of/,
    ],
  ];
  for (const [name, change, level, message] of cases) {
    it(name, () => {
      const status = bandStatus('node', { ...fine, ...change }, limits);
      assert.equal(status.level, level, status.message);
      assert.match(status.message, message);
      assert.equal(status.name, 'node: fir camera');
    });
  }
});

describe('shares of an overloaded detector', () => {
  it('are said for each band', () => {
    const band = { ...fine, recentReceived: 40, recentPublished: 18, recentDrops: 22 };
    const { message, values } = bandStatus('node', band, limits, 48);
    assert.match(message, /^55 % of the images dropped: .*; 38 % of its answers are this band's$/);
    assert.equal(values.get('images answered lately (%)'), '45');
    assert.equal(values.get("share of the detector's answers lately (%)"), '38');
  });
});

describe('diagnostics of the detector', () => {
  const node = {
    state: 'active',
    enabled: true,
    trouble: undefined,
    models: [],
    stages: new Map(),
    eventLoopDelayMs: 1,
    frameLog: undefined,
    workerErrors: { recent: 0, total: 3, last: 'long ago' },
  };
  it('is fine', () => assert.deepEqual(pick(nodeStatus('node', node, limits)), [0, 'active']));
  it('tells a fallback', () => {
    const models = [
      { spectra: ['rgb'], name: 'd0', sha256: 'ab', provider: 'cpu', fallback: 'runs on cpu: cuda could not be used' },
    ];
    assert.deepEqual(pick(nodeStatus('node', { ...node, models }, limits)), [
      1,
      'd0: runs on cpu: cuda could not be used',
    ]);
  });
  it('tells an error in a worker thread while it is new', () => {
    const workerErrors = { recent: 1, total: 4, last: 'vision worker: x is undefined' };
    assert.deepEqual(pick(nodeStatus('node', { ...node, workerErrors }, limits)), [
      1,
      'an error in a worker thread, which goes on: vision worker: x is undefined',
    ]);
    assert.equal(nodeStatus('node', node, limits).values.get('errors in worker threads'), '3');
  });
  it('tells that it is slow', () => {
    const stages = new Map([['total', { count: 9, median: 250, p99: 300 }]]);
    assert.deepEqual(pick(nodeStatus('node', { ...node, stages }, limits)), [1, 'detections take 250 ms (median)']);
    const slower = new Map([['total', { count: 9, median: 2500, p99: 3000 }]]);
    assert.equal(nodeStatus('node', { ...node, stages: slower }, limits).level, 2);
  });
});

describe('BandMonitor', () => {
  it('measures rate, age and stamp age, and lets the rate of a silent camera fall', () => {
    const band = new BandMonitor('fir', '/t');
    for (let i = 0n; i < 11n; i++) band.arrived(frame(i * SECOND), (i * SECOND) / 10n, i * SECOND + SECOND / 2n);
    const at = (nowNs: bigint): BandSnapshot => band.snapshot(nowNs, { publishers: 1, mismatches: [] });
    assert.equal(at(SECOND).rateHz.toFixed(3), '10.000');
    assert.equal(at(SECOND).ageSeconds, 0);
    assert.equal(at(SECOND).stampAgeSeconds, 0.5);
    assert.ok(at(4n * SECOND).rateHz < 3);
    assert.equal(at(4n * SECOND).ageSeconds, 3);
    assert.equal(at(20n * SECOND).rateHz, 0);
  });

  it('counts recent things since the last snapshot only', () => {
    const band = new BandMonitor('fir', '/t');
    band.failed('bad');
    band.arrived(frame(0n), 0n, 0n);
    band.drops = { ...band.drops, replaced: 4, late: 1 };
    const first = band.snapshot(0n, { publishers: 0, mismatches: [] });
    const second = band.snapshot(0n, { publishers: 0, mismatches: [] });
    assert.deepEqual([first.recentFailures, first.recentDrops, first.recentReceived], [1, 4, 1]);
    assert.deepEqual([second.recentFailures, second.recentDrops, second.recentReceived], [0, 0, 0]);
    assert.deepEqual([second.failures, second.drops.replaced, second.received], [1, 4, 1]);
  });

  it('notices a change of size, and says it in words for ten seconds', () => {
    const band = new BandMonitor('fir', '/t');
    assert.deepEqual(
      [640, 640, 320, 320].map((width) => band.arrived(frame(0n, width), 0n, 0n)),
      [undefined, undefined, 'from 640×480 mono8 to 320×480 mono8', undefined],
    );
    const publishers = { publishers: 1, mismatches: [] };
    const soon = band.snapshot(10n * SECOND, publishers);
    assert.equal(soon.format, '320×480 mono8');
    const status = bandStatus('node', { ...soon, ageSeconds: 0, stampAgeSeconds: 0 }, limits);
    assert.match(status.message, /have changed their size or encoding, from 640×480 mono8 to 320×480 mono8$/);
    assert.equal(status.level, 1);
    assert.equal(band.snapshot(10n * SECOND + 1n, publishers).formatChange, undefined);
  });

  it('tells a skew that the synchronizer does not bring together', () => {
    const band = new BandMonitor('fir', '/t');
    band.skewSeconds = 0;
    band.outOfStep = { from: 'rgb', offsetNs: 40_000_000n };
    const snapshot = band.snapshot(0n, { publishers: 1, mismatches: [] });
    assert.equal(bandStatus('node', snapshot, limits).values.get('skew (s)'), '0.0400');
  });
});

describe('LatencyWindow', () => {
  it('has nothing to say before the first value', () => assert.equal(new LatencyWindow().figures(), undefined));
  it('gives median and 99th percentile by the nearest rank of the newest values', () => {
    const window = new LatencyWindow(100);
    for (let i = -50; i <= 100; i++) window.add(i); // the newest hundred are 1 to 100
    assert.deepEqual(window.figures(), { count: 100, median: 50, p99: 99 });
  });
});

function pick({ level, message }: { readonly level: number; readonly message: string }): [number, string] {
  return [level, message];
}
