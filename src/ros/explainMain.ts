import { openExplainer } from '../explain/run/explainerPool.js';
import { ExplainNode } from './explainNode.js';
import { runNode } from './nodeProcess.js';

/** The explain node's own process; `explainSupervisor.ts` starts it and watches it. */
await runNode('explain_node', (rcl, supervision, end) => ExplainNode.create(rcl, supervision, end, openExplainer));
