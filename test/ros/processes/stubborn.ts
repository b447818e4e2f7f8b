import { Supervision } from '../../../src/ros/supervision.js';

/** A node's process that ignores signals, and whose main thread native code seems to hold from the first one on, or from the start. */
const [endMs = '', how = ''] = process.argv.slice(2);
const supervision = new Supervision(() => undefined, Number(endMs));
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    process.stdout.write(`${signal}\n`);
    supervision.stop();
    if (how === 'held') hold();
  });
process.stdout.write(`pid ${process.pid}\n`);
setInterval(() => undefined, 1000);
if (how === 'held from the start') setTimeout(hold, 500);

function hold(): void {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}
