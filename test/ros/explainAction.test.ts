import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ExplainAction } from '../../src/ros/explainAction.js';
import type { ExplainGoal } from '../../src/ros/explainGoal.js';
import type { Rcl, RclGoalHandle, RclNode } from '../../src/ros/rcl.js';

/** A goal that is cancelled as rclnodejs does it: the callback first, the state a moment later. */
class Goal implements RclGoalHandle {
  readonly goalId: { readonly uuid: Uint8Array };
  readonly request: RclGoalHandle['request'];
  readonly isActive = true;
  isCancelRequested = false;
  state = 'accepted';

  constructor(number: number) {
    this.goalId = { uuid: Uint8Array.of(number) };
    this.request = { toPlainObject: () => number };
  }

  publishFeedback(): void {}
  succeed(): void {
    this.state = 'succeeded';
  }
  abort(): void {
    this.state = 'aborted';
  }
  canceled(): void {
    this.state = 'cancelled';
  }
}

describe('ExplainAction', () => {
  it('cancels a goal that waits behind another at once, and lets the others keep their turns', async () => {
    let execute: (goal: RclGoalHandle) => Promise<object> = () => Promise.reject(new Error('no server'));
    let cancel: (goal: RclGoalHandle) => number = () => 0;
    class Server {
      constructor(...args: unknown[]) {
        [execute, cancel] = [args[3], args[6]] as [typeof execute, typeof cancel];
      }
      destroy(): void {}
    }
    const begun: number[] = [];
    const finish: (() => void)[] = [];
    const action = new ExplainAction({ ActionServer: Server } as unknown as Rcl, {} as RclNode, {
      read: (goal) => goal as ExplainGoal,
      explain: async function* (goal) {
        begun.push(goal as unknown as number);
        await new Promise<void>((resolve) => finish.push(resolve));
        yield* [];
      },
    });
    const goals = [new Goal(1), new Goal(2), new Goal(3)] as const;
    const results = goals.map((goal) => execute(goal));
    await nextTurn();
    assert.deepEqual(action.goals, { running: 1, waiting: 2, done: 0 });

    cancel(goals[1]);
    goals[1].isCancelRequested = true;
    assert.deepEqual(await results[1], { explanations: [], message: 'cancelled' });
    assert.equal(goals[1].state, 'cancelled');
    assert.deepEqual(action.goals, { running: 1, waiting: 1, done: 1 });
    assert.deepEqual(begun, [1], 'the third still waits for the first');

    let idle = false;
    void action.idle().then(() => (idle = true));
    finish.shift()?.();
    await results[0];
    await nextTurn();
    assert.deepEqual(begun, [1, 3]);
    assert.equal(idle, false);
    finish.shift()?.();
    await results[2];
    await nextTurn();
    assert.deepEqual(
      goals.map(({ state }) => state),
      ['succeeded', 'cancelled', 'succeeded'],
    );
    assert.equal(idle, true);
  });
});
