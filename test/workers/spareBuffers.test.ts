import assert from 'node:assert/strict';
import { SpareBuffers } from '../../src/workers/spareBuffers.js';

describe('SpareBuffers', () => {
  it('gives the same memory again for the same size, the newest first', () => {
    const spare = new SpareBuffers(100);
    const [a, b] = [spare.take(10), spare.take(10)];
    spare.give(a);
    spare.give(b);
    assert.ok(spare.take(10).buffer === b.buffer);
    assert.ok(spare.take(10).buffer === a.buffer);
    const fresh = spare.take(10).buffer;
    assert.ok(fresh !== a.buffer && fresh !== b.buffer, 'none is given twice');
  });

  it('keeps no more than it may: the longest unused go', () => {
    const spare = new SpareBuffers(25);
    const [old, next, big] = [new Uint8Array(10), new Uint8Array(11), new Uint8Array(26)];
    spare.give(old);
    spare.give(next);
    spare.give(new Uint8Array(12));
    assert.ok(spare.take(10).buffer !== old.buffer);
    assert.ok(spare.take(11).buffer === next.buffer);
    spare.give(big);
    assert.ok(spare.take(26).buffer !== big.buffer);
  });

  it('leaves alone what it could not move: parts, shared memory, buffers that have moved away', () => {
    const spare = new SpareBuffers(1000);
    const whole = new Uint8Array(10);
    spare.give(whole.subarray(0, 5));
    assert.ok(spare.take(5).buffer !== whole.buffer);
    const shared = new Uint8Array(new SharedArrayBuffer(7));
    spare.give(shared);
    assert.ok(spare.take(7).buffer instanceof ArrayBuffer);
    structuredClone(whole, { transfer: [whole.buffer] });
    spare.give(whole);
    assert.equal(spare.take(0).byteLength, 0);
  });
});
