import { troubleText } from '../errors.js';
import type { Rcl, RclLifecycleNode } from './rcl.js';

/** What each lifecycle transition does; `false` refuses it. */
export interface Transitions {
  readonly configure: () => boolean;
  readonly activate: () => boolean;
  readonly deactivate: () => boolean;
  readonly cleanup: () => boolean;
  readonly shutdown: () => boolean;
}

/**
 * Registers the transitions with every exception caught: rclnodejs would print one and go on in the error state, and a request for a
 * transition that does not exist in the present state (`ros2 lifecycle set` twice) would end the process. rclpy had the same (ros2/rclpy#1209); for
 * rclnodejs no issue is known.
 */
export function guardTransitions(rcl: Rcl, node: RclLifecycleNode, transitions: Transitions): void {
  const { SUCCESS, FAILURE, ERROR } = rcl.lifecycle.CallbackReturnCode;
  const guarded = (name: string, transition: () => boolean) => (): number => {
    try {
      const done = transition();
      node.getLogger().info(done ? name : `${name} refused`);
      return done ? SUCCESS : FAILURE;
    } catch (error) {
      node.getLogger().error(`${name} failed: ${troubleText(error)}`);
      return ERROR;
    }
  };
  node.registerOnConfigure(guarded('configure', transitions.configure));
  node.registerOnActivate(guarded('activate', transitions.activate));
  node.registerOnDeactivate(guarded('deactivate', transitions.deactivate));
  node.registerOnCleanup(guarded('cleanup', transitions.cleanup));
  node.registerOnShutdown(guarded('shutdown', transitions.shutdown));
  node.registerOnError(() => SUCCESS);

  const change = node._onChangeState.bind(node);
  node._onChangeState = (request, response) => {
    try {
      change(request, response);
    } catch (error) {
      node.getLogger().warn(`transition refused in state ${node.currentState.label}: ${String(error)}`);
      response.send({ ...response.template, success: false });
    }
  };
}
