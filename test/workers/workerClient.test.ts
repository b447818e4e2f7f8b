import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import { WorkerClient, type WorkerClientOptions } from '../../src/workers/workerClient.js';
import type { OddReply, OddRequest } from './workers/oddWorker.js';

describe('WorkerClient and serve', () => {
  let client: WorkerClient<OddRequest, OddReply>;
  const open = (options: Partial<WorkerClientOptions> = {}): typeof client => {
    client = new WorkerClient(new URL('./workers/oddWorker.js', import.meta.url), { name: 'odd worker', ...options });
    return client;
  };
  const double = async (): Promise<number[]> => {
    const { values } = await client.call({ kind: 'double', values: Uint8Array.of(1, 2, 3) });
    return [...(values ?? [])];
  };
  afterEach(() => client.close());

  it('moves buffers there and back', async () => {
    open();
    const values = Uint8Array.of(1, 2, 3);
    const reply = await client.call({ kind: 'double', values }, [values.buffer]);
    assert.deepEqual([...(reply.values ?? [])], [2, 4, 6]);
    assert.equal(values.length, 0, 'moved, not copied');
  });

  it('answers many requests, each its own', async () => {
    open();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.call({ kind: 'double', values: Uint8Array.of(i) })),
    );
    assert.deepEqual(
      replies.map(({ values }) => values?.[0]),
      Array.from({ length: 20 }, (_, i) => 2 * i),
    );
    assert.equal(client.inFlight, 0);
  });

  it('gives the worker its data', async () => {
    open({ workerData: { threads: 2 } });
    assert.deepEqual((await client.call({ kind: 'data' })).data, { threads: 2 });
  });

  it('keeps the kind and the remedy of expected trouble', async () => {
    open();
    await assert.rejects(client.call({ kind: 'throwExpected' }), (error) => {
      assert.ok(error instanceof ExpectedError);
      assert.deepEqual(
        [error.kind, error.message, error.remedy],
        ['input', 'frame 3 has no pixels', 'check the camera'],
      );
      return true;
    });
    assert.deepEqual(await double(), [2, 4, 6], 'and goes on');
  });

  it('turns a thrown string into an error and goes on', async () => {
    open();
    await assert.rejects(client.call({ kind: 'throwString' }), {
      name: 'Error',
      message: 'odd worker: assertion failed',
    });
    assert.deepEqual(await double(), [2, 4, 6]);
  });

  it('fails the request at hand when something throws outside its promise, and goes on', async () => {
    open();
    await assert.rejects(client.call({ kind: 'throwLater' }), { message: 'odd worker: thrown outside the promise' });
    assert.deepEqual(await double(), [2, 4, 6]);
  });

  it('reports an error that belongs to no request, and goes on', async () => {
    const stray = new Promise<Error>((resolve) => open({ onStray: resolve }));
    await client.call({ kind: 'strayAfterwards' });
    const waiting = setInterval(() => undefined, 1000); // an idle worker does not keep the process alive
    assert.equal((await stray).message, 'odd worker: nobody asked');
    clearInterval(waiting);
    assert.deepEqual(await double(), [2, 4, 6]);
  });

  for (const [kind, reason] of [
    ['exit', 'exit code 7'],
    ['outOfMemory', 'memory limit'],
  ] as const) {
    it(`names a worker that died (${kind}), for waiting and for later calls`, async () => {
      const deaths: ExpectedError[] = [];
      open({ onDeath: (error) => deaths.push(error), resourceLimits: { maxOldGenerationSizeMb: 64 } });
      const isDeath = (error: unknown): boolean =>
        error instanceof ExpectedError &&
        error.kind === 'environment' &&
        error.message.includes('odd worker ended unexpectedly') &&
        error.message.includes(reason);
      const dying = client.call({ kind });
      const behind = client.call({ kind: 'data' });
      await Promise.all([assert.rejects(dying, isDeath), assert.rejects(behind, isDeath)]);
      await assert.rejects(client.call({ kind: 'data' }), isDeath);
      assert.equal(deaths.length, 1);
    }).timeout(60_000);
  }

  it('names a worker whose script cannot be loaded', async () => {
    client = new WorkerClient(new URL('./workers/absent.js', import.meta.url), { name: 'absent worker' });
    await assert.rejects(client.call({ kind: 'data' }), /absent worker ended unexpectedly: Cannot find module/);
  });

  it('rejects what waits when it is closed, and reports no death', async () => {
    const deaths: unknown[] = [];
    open({ onDeath: (error) => deaths.push(error) });
    const waiting = client.call({ kind: 'slow' });
    const closed = client.close();
    await assert.rejects(waiting, /odd worker was closed/);
    await closed;
    await client.close();
    await assert.rejects(client.call({ kind: 'data' }), /was closed/);
    assert.deepEqual(deaths, []);
  });

  it('rejects a request that cannot be sent, and holds nothing of it', async () => {
    open();
    const request = { kind: 'data', callback: () => undefined } as const;
    await assert.rejects(client.call(request), { name: 'DataCloneError' });
    assert.equal(client.inFlight, 0);
  });
});
