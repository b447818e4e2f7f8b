import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { environmentWith, WIDTH, type Fault } from '../faults/fault.js';
import { type DiagnosticStatus, PerceptionUnderTest } from './perception.js';

const DETECTIONS = '/perception_node/rgb/detections';

/** Faults are put in place of modules when the node's process starts: see test/faults. */
describe('perception_node with faults inside', function () {
  this.timeout(180_000);
  let ros: PerceptionUnderTest;

  afterEach(() => ros.stop());

  const start = async (fault: Fault, env: NodeJS.ProcessEnv = {}, config: object = {}): Promise<void> => {
    ros = new PerceptionUnderTest({ bands: ['rgb'], env: { ...environmentWith(fault), ...env }, config });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    ros.subscribe(DETECTIONS, 'vision_msgs/msg/Detection2DArray');
    ros.camera('rgb');
    await ros.message(DETECTIONS);
  };
  const goesOn = async (): Promise<void> => {
    const before = ros.heard(DETECTIONS).length;
    await ros.message(DETECTIONS, () => ros.heard(DETECTIONS).length > before + 3);
  };

  it('goes on with the CPU when the GPU is lost, and says so', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'msal-gpu-'));
    try {
      const lost = path.join(folder, 'lost');
      const execution = { mode: 'latency', threads: 1, providers: ['cuda', 'cpu'] };
      await start('lostGpu', { MSAL_TEST_GPU_LOST: lost }, { execution });
      const before = await ros.diagnosis('detector', /^active$/, 0);
      assert.equal(valueOf(before, 'execution provider for rgb'), 'cuda');
      writeFileSync(lost, '');
      const after = await ros.diagnosis(
        'detector',
        /efficientdet-tiny: runs on cpu: cuda was lost while it ran \(CUDA failure 700/,
        1,
      );
      assert.equal(valueOf(after, 'execution provider for rgb'), 'cpu');
      await ros.node.line(/rgb: efficientdet-tiny runs on cpu from now on: cuda was lost while it ran/);
      await goesOn();
      const camera = await ros.diagnosis('rgb camera', /Hz$/, 0);
      assert.equal(valueOf(camera, 'images not usable'), '0', 'the image at hand was not lost with the GPU');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  for (const [fault, name] of [
    ['decoderErrors', 'decoder'],
    ['detectorErrors', 'detector'],
  ] as const) {
    it(`recovers from errors in the ${name}'s thread, counts them and names them`, async () => {
      await start(fault);
      ros.camera('rgb', { width: WIDTH.throws });
      const camera = await ros.diagnosis(
        'rgb camera',
        new RegExp(`images could not be used: .*a defect of the ${name}`),
        2,
      );
      assert.ok(Number(valueOf(camera, 'images not usable')) > 0);
      ros.camera('rgb', { width: 64 });
      await ros.diagnosis('rgb camera', /Hz$/, 0);

      ros.camera('rgb', { width: WIDTH.throwsLater });
      const late = new RegExp(`a late defect of the ${name}, injected by a test`);
      const detector = await ros.diagnosis('detector', late, 1);
      assert.ok(Number(valueOf(detector, 'errors in worker threads')) > 0);
      assert.match(valueOf(detector, 'last error in a worker thread') ?? '', late);
      ros.camera('rgb', { width: 64 });
      await ros.diagnosis('detector', /^active$/, 0);
      await goesOn();
    });
  }

  it('ends with its own code when a detector thread ends', async () => {
    await start('detectorErrors');
    ros.camera('rgb', { width: WIDTH.exits });
    assert.equal(await ros.node.ended(), 70);
    assert.match(ros.node.log.join('\n'), /detector worker 1 ended unexpectedly with code 9.*to be started again/);
  });
});

function valueOf({ values }: DiagnosticStatus, key: string): string | undefined {
  return values.find((entry) => entry.key === key)?.value;
}
