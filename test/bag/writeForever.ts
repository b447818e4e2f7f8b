/** Run as a program by interrupted.test.ts: writes messages of 1000 bytes into the given bag until something stops it. */
import { BagWriter } from '../../src/bag/bagWriter.js';
import { ExpectedError } from '../../src/errors.js';

const writer = await BagWriter.create(process.argv[2], { compression: 'none', chunkBytes: 20_000 });
let stopped = false;
process.on('SIGINT', () => {
  stopped = true;
});
let count = 0;
try {
  await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
  for (; !stopped; count += 1) {
    const data = new Uint8Array(1000);
    new DataView(data.buffer).setInt32(4, count, true);
    await writer.write('/n', BigInt(count), BigInt(count), data);
    if (count % 100 === 0) process.stdout.write(`${String(count)}\n`);
  }
} catch (error) {
  if (!(error instanceof ExpectedError)) throw error;
  process.stdout.write(
    `${JSON.stringify({ kind: error.kind, message: error.message, remedy: error.remedy, count })}\n`,
  );
}
await writer.close();
process.stdout.write(`closed after ${String(count)}\n`);
