import { workerData } from 'node:worker_threads';
import type { VisionSetup } from './visionProtocol.js';
import { VisionTasks } from './visionTasks.js';
import { serve } from '../workers/workerServer.js';

/** Entry point of the vision thread, the only thread of the process that may use OpenCV. */
const tasks = new VisionTasks(workerData as VisionSetup);
serve(tasks.handle.bind(tasks));
