import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { RawMessage } from '../../../src/messages/rawMessage.js';
import { readAhead } from '../../../src/ros/play/readAhead.js';

function message(number: number, bytes = 10): RawMessage {
  const logTimeNs = BigInt(number);
  return { topic: '/t', type: 'a/msg/B', logTimeNs, publishTimeNs: logTimeNs, data: new Uint8Array(bytes) };
}

/** Counts what was asked of it, and whether it was closed. */
function source(messages: readonly RawMessage[], failure?: Error) {
  const state = { read: 0, closed: false };
  async function* generate(): AsyncGenerator<RawMessage> {
    try {
      for (const one of messages) {
        await turn();
        state.read++;
        yield one;
      }
      if (failure) throw failure;
    } finally {
      state.closed = true;
    }
  }
  return { state, messages: generate() };
}

describe('readAhead', () => {
  it('gives the same messages in the same order, whatever the limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(100), { maxLength: 30 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 5 }),
        async (sizes, bytes, messages) => {
          const all = sizes.map((size, i) => message(i, size));
          const seen: RawMessage[] = [];
          for await (const one of readAhead(source(all).messages, { bytes, messages })) seen.push(one);
          assert.deepEqual(seen, all);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('reads on while the receiver is busy, and no further than the limits', async () => {
    for (const [limits, held] of [
      [{ bytes: 1000, messages: 4 }, 4],
      [{ bytes: 35, messages: 100 }, 4],
    ] as const) {
      const { state, messages } = source(Array.from({ length: 20 }, (_, i) => message(i)));
      const ahead = readAhead(messages, limits);
      await ahead.next();
      for (let i = 0; i < 50; i++) await turn();
      assert.equal(state.read, 1 + held);
      await ahead.return();
    }
  });

  it('closes the source when the receiver stops', async () => {
    const { state, messages } = source(Array.from({ length: 20 }, (_, i) => message(i)));
    for await (const { logTimeNs } of readAhead(messages, { bytes: 1000, messages: 3 })) if (logTimeNs === 2n) break;
    assert.equal(state.closed, true);
    assert.ok(state.read < 20);
  });

  it("gives what was read before the source's error, then the error", async () => {
    const seen: bigint[] = [];
    const reading = (async () => {
      const { messages } = source([message(0), message(1)], new Error('disk'));
      for await (const { logTimeNs } of readAhead(messages)) seen.push(logTimeNs);
    })();
    await assert.rejects(reading, /disk/);
    assert.deepEqual(seen, [0n, 1n]);
  });
});
