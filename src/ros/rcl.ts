/**
 * The part of rclnodejs that the nodes use. Its own declarations name message types that exist only after messages were generated
 * for a ROS at hand, and this package must compile without one.
 */
export interface Rcl {
  init(context?: unknown, argv?: string[]): Promise<void>;
  shutdown(): void;
  removeSignalHandlers(): void;
  removeROSArgs(argv: string[]): string[];
  readonly Context: { defaultContext(): unknown };
  readonly lifecycle: {
    readonly LifecycleNode: new (name: string, namespace?: string) => RclLifecycleNode;
    readonly CallbackReturnCode: { readonly SUCCESS: number; readonly FAILURE: number; readonly ERROR: number };
  };
  readonly QoS: RclQosClass;
  createNode(name: string, namespace?: string): RclNode;
  /** Every node takes what it is given by this method of rclnodejs; see parameterOverrides.ts. */
  readonly Node: { readonly prototype: { _getNativeParameterOverrides(this: RclNode): Map<string, RclParameter> } };
  readonly ActionServer: new (
    node: RclNode,
    type: string,
    name: string,
    execute: (goal: RclGoalHandle) => Promise<object>,
    decide: (goal: unknown) => number,
    accepted: ((goal: RclGoalHandle) => void) | null,
    cancel: (goal: RclGoalHandle) => number,
    options?: { readonly resultTimeout?: number },
  ) => { destroy(): void };
  readonly QoSOverridingOptions: { withDefaultPolicies(options?: { entityId?: string }): unknown };
  readonly Parameter: new (name: string, type: number, value: unknown) => RclParameter;
  readonly ParameterDescriptor: new (
    name: string,
    type: number,
    description: string,
    readOnly: boolean,
  ) => RclParameterDescriptor;
}

/** One goal of an action. Its request is valid until the execute callback first awaits. */
export interface RclGoalHandle {
  readonly goalId: { readonly uuid: Uint8Array };
  readonly request: { toPlainObject(typedArrays: boolean): unknown };
  readonly isActive: boolean;
  readonly isCancelRequested: boolean;
  publishFeedback(feedback: object): void;
  succeed(): void;
  abort(): void;
  canceled(): void;
}

/**
 * How long rclnodejs's thread waits for messages at a time; it is woken by them. At the end of each wait it costs a little CPU, and
 * creating or destroying a subscription waits for it.
 */
export const SPIN_TIMEOUT_MS = 50;

/** Answers of an action server's callbacks. */
export const GOAL_RESPONSE = { reject: 1, accept: 2 } as const;

interface RclQosClass {
  new (history: number, depth: number, reliability: number, durability: number): RclQos;
  readonly HistoryPolicy: { readonly RMW_QOS_POLICY_HISTORY_KEEP_LAST: number };
  readonly ReliabilityPolicy: {
    readonly RMW_QOS_POLICY_RELIABILITY_RELIABLE: number;
    readonly RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT: number;
  };
  readonly DurabilityPolicy: {
    readonly RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL: number;
    readonly RMW_QOS_POLICY_DURABILITY_VOLATILE: number;
  };
}

/** `qos_overrides` parameters change the object that was handed in. */
export interface RclQos {
  readonly reliability: number;
  readonly durability: number;
}

export interface RclParameter {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface RclSetParametersResult {
  readonly successful: boolean;
  readonly reason: string;
}

export interface RclPublisher {
  /** A plain message, or a whole Buffer of serialised CDR. */
  publish(message: object | Buffer): void;
  readonly subscriptionCount: number;
  /** Resolved and remapped. */
  readonly topic: string;
  /** Blocks for so many nanoseconds at most. */
  waitForAllAcked(timeoutNs: bigint): boolean;
}

export interface RclClient {
  isServiceServerAvailable(): boolean;
  sendRequest(
    request: object,
    callback: (response: { readonly current_state?: { readonly label?: unknown } }) => void,
  ): void;
}

export interface RclParameterDescriptor {
  additionalConstraints: string;
  toMessage(): object;
}

export interface RclLogger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  fatal(text: string): void;
}

export interface RclServiceResponse {
  readonly template: Record<string, unknown>;
  send(message: object): void;
}

export interface RclNode {
  /** @param type name, or a class whose static `type()` names it */
  createPublisher(type: string | (new () => object), topic: string, options?: object): RclPublisher;
  createClient(type: string, name: string): RclClient;
  countSubscribers(topic: string): number;
  createSubscription(type: string, topic: string, options: object, callback: (message: unknown) => void): object;
  destroySubscription(subscription: object): void;
  destroyPublisher(publisher: RclPublisher): void;
  createService(
    type: string,
    name: string,
    callback: (request: { readonly data?: unknown }, response: RclServiceResponse) => void,
  ): object;
  resolveTopicName(topic: string): string;
  getPublishersInfoByTopic(topic: string): readonly {
    readonly node_name: string;
    readonly node_namespace: string;
    readonly topic_type: string;
    readonly qos_profile: { readonly reliability: number; readonly durability: number };
  }[];
  getLogger(): RclLogger;
  now(): { readonly nanoseconds: bigint };
  hasParameter(name: string): boolean;
  getParameter(name: string): RclParameter;
  getParameterOverrides(): readonly RclParameter[];
  declareParameter(parameter: RclParameter, descriptor: object, ignoreOverride: boolean): RclParameter;
  getParameterDescriptor(name: string): { readonly type: number; readonly readOnly: boolean };
  setParametersAtomically(parameters: readonly RclParameter[]): RclSetParametersResult;
  addOnSetParametersCallback(callback: (parameters: RclParameter[]) => RclSetParametersResult): void;
  getFullyQualifiedName(): string;
  readonly context: { readonly handle: unknown };
  name(): string;
  /** @param timeoutMs see SPIN_TIMEOUT_MS */
  spin(timeoutMs?: number): void;
  stop(): void;
  destroy(): void;
}

export interface RclLifecycleNode extends RclNode {
  registerOnConfigure(callback: () => number): void;
  registerOnActivate(callback: () => number): void;
  registerOnDeactivate(callback: () => number): void;
  registerOnCleanup(callback: () => number): void;
  registerOnShutdown(callback: () => number): void;
  registerOnError(callback: () => number): void;
  configure(): unknown;
  activate(): unknown;
  readonly currentState: { readonly id: number; readonly label: string };
  /** rclnodejs's own handler of the change_state service; it throws where the transition does not exist. */
  _onChangeState(request: unknown, response: RclServiceResponse): void;
}

/** Values of rcl_interfaces/msg/ParameterType. */
export const PARAMETER_TYPE = { none: 0, bool: 1, integer: 2, double: 3, string: 4 } as const;
