import { setImmediate as nextTurn } from 'node:timers/promises';
import { troubleLine } from '../errors.js';
import type { Explanation } from '../explain/explanation.js';
import { type ImageOrigin, toExplanationMessages } from '../explain/frame/explanationMessage.js';
import type { ExplainGoal } from './explainGoal.js';
import { GOAL_RESPONSE, type Rcl, type RclGoalHandle, type RclNode } from './rcl.js';

/** Goals that may wait for their turn; more are rejected. */
const MOST_WAITING = 8;
/** Feedback comes no more often: it holds the maps of all boxes. */
const FEEDBACK_MS = 500;
/** How long a result can still be asked for, seconds; goals hold images. */
const RESULT_TIMEOUT = 60;

/** How far a goal's explanation has come. */
export interface GoalProgress {
  readonly image: ImageOrigin;
  readonly explanation: Explanation;
}

export interface ActionHooks {
  /** @throws ExpectedError for a goal that does not hold */
  readonly read: (goal: unknown) => ExplainGoal;
  readonly explain: (goal: ExplainGoal, signal: AbortSignal) => AsyncIterable<GoalProgress>;
}

/** The action `~/explain`: one goal at a time, in the order of arrival, each with feedback, each cancellable also while it waits. */
export class ExplainAction {
  readonly #server: { destroy(): void };
  readonly #controllers = new Map<string, AbortController>();
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;
  #done = 0;
  readonly node: RclNode;
  readonly hooks: ActionHooks;

  constructor(rcl: Rcl, node: RclNode, hooks: ActionHooks) {
    this.node = node;
    this.hooks = hooks;
    this.#server = new rcl.ActionServer(
      node,
      'multispectral_saliency/action/Explain',
      '~/explain',
      (handle) => this.#execute(handle),
      () => this.#decide(),
      null,
      (handle) => {
        this.#controllers.get(keyOf(handle))?.abort(new Error('cancelled'));
        return GOAL_RESPONSE.accept;
      },
      { resultTimeout: RESULT_TIMEOUT },
    );
  }

  get goals(): { readonly running: number; readonly waiting: number; readonly done: number } {
    return { running: this.#running, waiting: this.#controllers.size - this.#running, done: this.#done };
  }

  /** Resolves when no goal is in work or waits. */
  async idle(): Promise<void> {
    while (this.#controllers.size > 0) await this.#last;
  }

  /** Ends all goals and leaves the graph. */
  async close(): Promise<void> {
    for (const controller of this.#controllers.values()) controller.abort(new Error('the node ends'));
    await this.idle();
    this.#server.destroy();
  }

  #decide(): number {
    if (this.#controllers.size <= MOST_WAITING) return GOAL_RESPONSE.accept;
    this.node.getLogger().warn(`a goal was rejected: ${MOST_WAITING} wait already`);
    return GOAL_RESPONSE.reject;
  }

  /** Never rejects: rclnodejs would send an empty result (no upstream issue known). The request has to be read before anything is awaited. */
  async #execute(handle: RclGoalHandle): Promise<object> {
    let goal: ExplainGoal;
    try {
      goal = this.hooks.read(handle.request.toPlainObject(true));
    } catch (error) {
      return this.#abort(handle, error);
    }
    const controller = new AbortController();
    const key = keyOf(handle);
    this.#controllers.set(key, controller);
    const before = this.#last;
    const result = this.#inTurn(before, handle, goal, controller.signal).finally(() => {
      this.#done++;
      this.#controllers.delete(key);
    });
    // One that was cancelled while it waited is done before those before it.
    this.#last = Promise.all([before, result]);
    return result;
  }

  /** A goal that waits for others is cancelled at once. */
  async #inTurn(
    before: Promise<unknown>,
    handle: RclGoalHandle,
    goal: ExplainGoal,
    signal: AbortSignal,
  ): Promise<object> {
    await Promise.race([before, aborted(signal)]);
    if (signal.aborted) return this.#explain(handle, goal, signal);
    this.#running++;
    try {
      return await this.#explain(handle, goal, signal);
    } finally {
      this.#running--;
    }
  }

  async #explain(handle: RclGoalHandle, goal: ExplainGoal, signal: AbortSignal): Promise<object> {
    let last: GoalProgress | undefined;
    const startedMs = performance.now();
    let toldMs = -Infinity;
    try {
      signal.throwIfAborted();
      for await (const progress of this.hooks.explain(goal, signal)) {
        last = progress;
        const nowMs = performance.now();
        if (!progress.explanation.complete && nowMs - toldMs >= FEEDBACK_MS) {
          handle.publishFeedback(feedbackOf(progress, nowMs - startedMs));
          toldMs = nowMs;
        }
        signal.throwIfAborted();
      }
    } catch (error) {
      const message = signal.aborted ? (signal.reason as Error).message : troubleLine(error);
      if (signal.aborted && (await isCancelled(handle))) handle.canceled();
      else handle.abort();
      return resultOf(last, message);
    }
    try {
      handle.succeed();
    } catch (error) {
      // The goal was cancelled or the client is gone just now: the result is there all the same.
      this.node.getLogger().warn(`a goal could not be marked as succeeded: ${String(error)}`);
    }
    return resultOf(last, '');
  }

  #abort(handle: RclGoalHandle, error: unknown): object {
    this.#done++;
    handle.abort();
    return resultOf(undefined, troubleLine(error));
  }
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function feedbackOf({ image, explanation }: GoalProgress, elapsedMs: number): object {
  const { passes, plannedPasses } = explanation;
  return {
    passes,
    planned_passes: plannedPasses,
    seconds_left: passes > 0 ? ((plannedPasses - passes) * elapsedMs) / passes / 1000 : -1,
    partial: toExplanationMessages(explanation, image),
  };
}

function resultOf(last: GoalProgress | undefined, message: string): object {
  return { explanations: last ? toExplanationMessages(last.explanation, last.image) : [], message };
}

/** The state changes a moment after the cancel callback has agreed to it. */
async function isCancelled(handle: RclGoalHandle): Promise<boolean> {
  for (let turn = 0; turn < 100 && !handle.isCancelRequested; turn++) await nextTurn();
  return handle.isCancelRequested;
}

function keyOf({ goalId }: RclGoalHandle): string {
  return Buffer.from(goalId.uuid).toString('hex');
}
