import { fileURLToPath } from 'node:url';
import { allowLargeMessages } from './largeMessages.js';
import { supervise } from './supervise.js';

/**
 * Every received image is memory that rclnodejs leaves to the garbage collector. In a small nursery (MB) it goes with the next short
 * collection; in the usual one of 16 MB, and with the old space that V8 starts with, so much of it comes together that the whole heap is
 * collected several times a second, which holds images up for 10 ms and more.
 */
const NODE_OPTIONS = ['--max-semi-space-size=2', '--initial-old-space-size=128'];

/** The executable `perception_node`. */
allowLargeMessages();
supervise('perception_node', fileURLToPath(new URL('./main.js', import.meta.url)), NODE_OPTIONS);
