import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ModelIdentity } from '../perception/perceivedSet.js';
import type { Spectrum } from '../spectrum.js';
import { DebugTopics } from './debugTopics.js';
import type { NodeSnapshot } from './diagnostics.js';
import { LatencyWindow } from './latencyWindow.js';
import type { Rcl, RclNode } from './rcl.js';
import { WorkerErrors } from './workerErrors.js';

/** How often the event loop's delay is looked at; its measure contains this. */
const LOOP_RESOLUTION_MS = 20;

/** How long the stages and the event loop take, and what went wrong beside the images, for /diagnostics and for the debug topics. */
export class NodeHealth {
  readonly #debug: DebugTopics;
  readonly #stageTimes = new Map<string, LatencyWindow>();
  readonly workerErrors = new WorkerErrors();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });

  constructor(rcl: Rcl, node: RclNode) {
    this.#debug = new DebugTopics(rcl, node);
    this.#loopDelay.enable();
  }

  /** Milliseconds of one image by stage; keys as in StageTimings. */
  time(timings: Readonly<Record<string, number>>): void {
    for (const [key, value] of Object.entries(timings)) {
      const stage = key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      let window = this.#stageTimes.get(stage);
      if (window === undefined) this.#stageTimes.set(stage, (window = new LatencyWindow()));
      window.add(value);
      this.#debug.publish(stage, value);
    }
  }

  /** Everything that the node says about itself; the event loop's delay is that since the last snapshot. */
  snapshot(
    about: Pick<NodeSnapshot, 'state' | 'enabled' | 'trouble' | 'frameLog'> & {
      readonly models: ReadonlyMap<Spectrum, ModelIdentity>;
    },
  ): NodeSnapshot {
    const { models, ...rest } = about;
    const stages = [...this.#stageTimes].flatMap(([stage, window]) => {
      const figures = window.figures();
      return figures ? [[stage, figures] as const] : [];
    });
    const eventLoopDelayMs = Math.max(0, this.#loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
    this.#loopDelay.reset();
    return {
      ...rest,
      models: [...models].map(([spectrum, { name, sha256, provider, fallback }]) => ({
        spectra: [spectrum],
        name,
        sha256,
        provider,
        fallback: fallback === undefined ? undefined : `runs on ${provider}: ${fallback}`,
      })),
      workerErrors: this.workerErrors.snapshot(),
      stages: new Map(stages),
      eventLoopDelayMs,
    };
  }
}
