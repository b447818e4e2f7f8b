import assert from 'node:assert/strict';
import type { InferenceSession } from 'onnxruntime-node';
import { EnduringSession, type RunnableSession } from '../../src/detector/enduringSession.js';
import { passedOver } from '../../src/detector/passedOver.js';
import type { ProviderAttempt } from '../../src/detector/providerCheck.js';

const FEEDS = {} as InferenceSession.FeedsType;
const CUDA: ProviderAttempt = { provider: 'cuda', outcome: 'used', detail: 'agrees' };
const CPU: ProviderAttempt = { provider: 'cpu', outcome: 'used', detail: 'the reference' };

/** A session that answers with its name until `trouble` is set. */
class NamedSession implements RunnableSession {
  trouble: Error | undefined;
  runs = 0;
  released = 0;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  run(): Promise<InferenceSession.OnnxValueMapType> {
    this.runs++;
    if (this.trouble) return Promise.reject(this.trouble);
    return Promise.resolve({ [this.name]: {} } as unknown as InferenceSession.OnnxValueMapType);
  }

  release(): Promise<void> {
    this.released++;
    return Promise.resolve();
  }
}

function rig(attempts: readonly ProviderAttempt[]) {
  const first = new NamedSession('first');
  const cpu = new NamedSession('cpu');
  let opened = 0;
  const session = new EnduringSession(first, attempts, () => {
    opened++;
    return Promise.resolve(cpu);
  });
  const run = async (): Promise<string> => Object.keys(await session.run(FEEDS)).join();
  return { first, cpu, session, run, opened: () => opened };
}

describe('EnduringSession', () => {
  it('runs on its provider as long as that works', async () => {
    const { run, session, opened } = rig([CUDA]);
    assert.deepEqual([await run(), await run()], ['first', 'first']);
    assert.equal(session.attempts.at(-1)?.provider, 'cuda');
    assert.equal(passedOver(session.attempts), undefined);
    assert.equal(opened(), 0);
  });

  it('answers from the CPU what its provider has failed to, stays there, and says why', async () => {
    const refused: ProviderAttempt = { provider: 'tensorrt', outcome: 'refused', detail: 'scores differ by 0.2' };
    const { first, cpu, run, session, opened } = rig([refused, CUDA]);
    await run();
    first.trouble = new Error('CUDA failure 700\nin a long trace');
    assert.deepEqual([await run(), await run()], ['cpu', 'cpu']);
    assert.deepEqual([opened(), first.runs, cpu.runs], [1, 2, 2]);
    assert.deepEqual(
      session.attempts.map(({ provider, outcome }) => [provider, outcome]),
      [
        ['tensorrt', 'refused'],
        ['cuda', 'lost'],
        ['cpu', 'used'],
      ],
    );
    assert.equal(
      passedOver(session.attempts),
      'tensorrt does not agree with the CPU (scores differ by 0.2); cuda was lost while it ran (CUDA failure 700)',
    );
    await session.release();
    assert.deepEqual([first.released, cpu.released], [0, 1], 'the failed driver is not called again');
  });

  it('does not blame the provider for what fails on the CPU as well', async () => {
    const { first, cpu, run, session } = rig([CUDA]);
    first.trouble = new Error('no such shape');
    cpu.trouble = new Error('no such shape on the CPU either');
    await assert.rejects(run(), /on the CPU either/);
    assert.equal(cpu.released, 1);
    first.trouble = undefined;
    assert.equal(await run(), 'first');
    assert.equal(session.attempts.at(-1)?.provider, 'cuda');
  });

  it('has nothing to fall back to from the CPU', async () => {
    const { first, run, opened } = rig([CPU]);
    first.trouble = new Error('out of memory');
    await assert.rejects(run(), /out of memory/);
    assert.equal(opened(), 0);
  });
});
