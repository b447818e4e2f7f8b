import { fileURLToPath } from 'node:url';
import { supervise } from './supervise.js';

/** The executable `perception_node`. */
supervise('perception_node', fileURLToPath(new URL('./main.js', import.meta.url)));
