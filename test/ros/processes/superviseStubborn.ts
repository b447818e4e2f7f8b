import { fileURLToPath } from 'node:url';
import { supervise } from '../../../src/ros/supervise.js';

/** Supervises a process that does not end. Argument: how long it may take to end, milliseconds. */
supervise('stubborn', fileURLToPath(new URL('./stubborn.js', import.meta.url)), [], Number(process.argv[2]));
