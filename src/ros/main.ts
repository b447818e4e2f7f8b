import { runNode } from './nodeProcess.js';
import { PerceptionNode } from './perceptionNode.js';

/** The perception node's own process; `supervisor.ts` starts it and watches it. */
await runNode('perception_node', (rcl, supervision, end) => PerceptionNode.create(rcl, supervision, end));
