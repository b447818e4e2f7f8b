import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { supervise } from './supervise.js';

/**
 * The executable `explain_node`. The lowest priority is set here, before the node's process starts: Linux keeps it for each thread, and
 * only threads that begin later inherit it, so a node that set its own would leave Node.js's helper threads as they were.
 */
os.setPriority(os.constants.priority.PRIORITY_LOW);
supervise('explain_node', fileURLToPath(new URL('./explainMain.js', import.meta.url)));
