import { setTimeout as sleep } from 'node:timers/promises';
import { type Baseline, loadBaseline } from '../drift/baseline.js';
import { EXIT_CODES, ExpectedError, troubleLine } from '../errors.js';
import type { Frame } from '../images/frame.js';
import { bandsOf, defaultConfig, loadConfig, syncOptionsOf } from '../perception/config.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import type { FrameSet } from '../perception/frameSet.js';
import { PerceptionPipeline } from '../perception/perception.js';
import type { Spectrum } from '../spectrum.js';
import { TRANSPORTS } from '../messages/imageMessages.js';
import { BandOutputs } from './bandOutputs.js';
import { type CameraInput, CameraInputs } from './cameraInputs.js';
import { bandStatus, LEVEL, nodeStatus, type NodeSnapshot } from './diagnostics.js';
import { configuredParameters } from './configuredParameters.js';
import { DiagnosticsPublisher } from './diagnosticsPublisher.js';
import { FrameKeeper } from './frameKeeper.js';
import { LiveStages } from './liveStages.js';
import { NodeHealth } from './nodeHealth.js';
import type { End } from './nodeProcess.js';
import { declareParameters, followRuntimeParameters, warnOfUnknownParameters } from './parameters.js';
import { checkQosOverrides, subscriptionOverrides } from './qosOverrides.js';
import { runtimeSchema, startSchema, type RuntimeParameters, type StartParameters } from './parameterSchema.js';
import { type Rcl, type RclLifecycleNode, SPIN_TIMEOUT_MS } from './rcl.js';
import { type Supervision, WATCHDOG_EXIT_CODE } from './supervision.js';
import { ResultPublisher } from './resultPublisher.js';
import { SetAnalysis } from './setAnalysis.js';
import { guardTransitions } from './transitions.js';

/** How long the end waits for what is still at work, each time. */
const CLOSE_MS = 3000;

/**
 * The perception node: a ROS 2 lifecycle node that owns topics, QoS, parameters, timers and diagnostics, and leaves seeing to the
 * pipeline. The models are loaded once per process (OpenCV's binding cannot be started twice), so `cleanup` keeps them.
 */
export class PerceptionNode {
  readonly #node: RclLifecycleNode;
  readonly #start: StartParameters;
  readonly #config: PerceptionConfig;
  readonly #parameters: () => RuntimeParameters;
  readonly #outputs: ReadonlyMap<Spectrum, BandOutputs>;
  readonly #diagnostics: DiagnosticsPublisher;
  readonly #health: NodeHealth;
  readonly #results: ResultPublisher;
  readonly #frameKeeper: FrameKeeper;
  readonly #analysis: SetAnalysis;
  readonly #timers: NodeJS.Timeout[] = [];
  #pipeline: PerceptionPipeline | undefined;
  #loading: Promise<void> | undefined;
  #isLoading = false;
  #trouble: NodeSnapshot['trouble'];
  /** Why the last attempt to configure the node has failed; such a node says so for as long as it is not configured. */
  #configureFailure: unknown;
  #inputs: CameraInputs | undefined;
  #stages: LiveStages | undefined;
  /** Score threshold that the label information tells. */
  #toldThreshold: number | undefined;
  #active = false;
  #enabled = true;
  readonly rcl: Rcl;
  readonly supervision: Supervision;
  readonly end: End;

  private constructor(
    rcl: Rcl,
    node: RclLifecycleNode,
    start: StartParameters,
    config: PerceptionConfig,
    parameters: () => RuntimeParameters,
    supervision: Supervision,
    end: End,
    baseline: Baseline | undefined,
  ) {
    this.rcl = rcl;
    this.supervision = supervision;
    this.end = end;
    this.#node = node;
    this.#start = start;
    this.#config = config;
    this.#parameters = parameters;
    this.#outputs = new Map(bandsOf(config).map((spectrum) => [spectrum, new BandOutputs(rcl, node, spectrum)]));
    this.#diagnostics = new DiagnosticsPublisher(rcl, node);
    this.#health = new NodeHealth(rcl, node);
    this.#results = new ResultPublisher(this.#outputs, this.#health, {
      isActive: () => this.#active,
      parameters,
      render: async (frame, wanted) => this.#pipeline?.render(frame, wanted),
      logger: node.getLogger(),
    });
    this.#frameKeeper = new FrameKeeper(node, start, () => this.#active && this.#enabled);
    this.#analysis = new SetAnalysis(rcl, node, config.fusion, start, baseline);
    this.#registerTransitions();
    this.#offerServices();
    this.#timers.push(setInterval(() => this.#report(), start.diagnostics_period * 1000));
    if (start.watchdog_timeout > 0) this.#timers.push(setInterval(() => this.#watch(), 500));
  }

  /**
   * Makes the node, its parameters and its publishers; nothing is loaded yet.
   * @throws ExpectedError `usage` for a parameter, a configuration file or a drift baseline that cannot be used
   */
  static async create(rcl: Rcl, supervision: Supervision, end: End): Promise<PerceptionNode> {
    const node = new rcl.lifecycle.LifecycleNode('perception_node');
    checkQosOverrides(node);
    const start = startSchema.parse(declareParameters(rcl, node, { schema: startSchema, readOnly: true }));
    const config = start.config_file === '' ? defaultConfig('latency') : await loadConfig(start.config_file);
    const runtime = { schema: runtimeSchema, readOnly: false };
    const declared = declareParameters(rcl, node, runtime, configuredParameters(config));
    const parameters = followRuntimeParameters(rcl, node, runtimeSchema, runtimeSchema.parse(declared));
    const baseline = start['drift.baseline'] === '' ? undefined : await loadBaseline(start['drift.baseline']);
    const inputs = camerasOf(config, start).flatMap((camera) => subscriptionOverrides(inputTopic(node, camera)));
    const made = new PerceptionNode(rcl, node, start, config, parameters, supervision, end, baseline);
    warnOfUnknownParameters(node, inputs);
    return made;
  }

  /** Serves ROS; with `autostart` it configures itself and activates as soon as the models are there. */
  run(): void {
    this.#node.spin(SPIN_TIMEOUT_MS);
    this.supervision.start(this.#start.watchdog_timeout);
    if (!this.#start.autostart) return;
    this.#node.configure();
    if (this.#node.currentState.label !== 'inactive') {
      // Nobody would see to it: who asks for autostart has no lifecycle manager.
      this.#report();
      this.end(this.#configureFailure instanceof ExpectedError ? EXIT_CODES[this.#configureFailure.kind] : 1);
      return;
    }
    void this.#loading
      ?.then(() => {
        if (this.#pipeline === undefined) return this.end(EXIT_CODES.model);
        // Somebody may have ordered something else while the models were loading.
        const { label } = this.#node.currentState;
        if (label === 'inactive') this.#node.activate();
        else this.#node.getLogger().warn(`the node is ${label} and is not activated: its state was changed meanwhile`);
      })
      .catch((error: unknown) => this.#node.getLogger().error(`the node could not be activated: ${String(error)}`));
  }

  /** Ends the threads and leaves the graph. */
  async close(): Promise<void> {
    this.#active = false;
    for (const timer of this.#timers) clearInterval(timer);
    this.#disconnect();
    // The process ends whatever does not: a model that takes minutes to be compiled, a disk that has gone.
    await within(CLOSE_MS, this.#loading);
    await within(CLOSE_MS, Promise.all([this.#pipeline?.close(), this.#frameKeeper.close()]));
    this.#node.stop();
    this.#node.destroy();
  }

  #registerTransitions(): void {
    const node = this.#node;
    guardTransitions(this.rcl, node, {
      configure: () => {
        try {
          this.#connect();
        } catch (error) {
          this.#configureFailure = error;
          throw error;
        }
        this.#configureFailure = undefined;
        // What has failed is tried again: a file may be there now.
        if (this.#pipeline === undefined && !this.#isLoading) this.#loading = this.#load();
        return true;
      },
      activate: () => {
        if (this.#pipeline === undefined) {
          node.getLogger().error(`cannot activate: ${this.#trouble?.message ?? 'the models are still loading'}`);
          return false;
        }
        this.#active = true;
        this.#publishInfo();
        return true;
      },
      deactivate: () => {
        this.#active = false;
        return true;
      },
      cleanup: () => {
        this.#active = false;
        this.#disconnect();
        return true;
      },
      shutdown: () => {
        this.#active = false;
        this.#disconnect();
        return true;
      },
    });
  }

  #offerServices(): void {
    this.#node.createService('std_srvs/srv/SetBool', '~/enable', (request, response) => {
      this.#enabled = request.data === true;
      const message = this.#enabled ? 'detection is on' : 'detection is off: images are ignored';
      this.#node.getLogger().info(message);
      response.send({ success: true, message });
    });
  }

  async #load(): Promise<void> {
    const logger = this.#node.getLogger();
    this.#trouble = { level: LEVEL.warn, message: 'the models are loading' };
    this.#isLoading = true;
    const startNs = process.hrtime.bigint();
    this.#frameKeeper.open();
    try {
      this.#pipeline = await PerceptionPipeline.open(this.#config, {
        onFatal: (error) => this.#fatal(`${error.message}: ${error.remedy}`),
        onStray: (error) => {
          this.#health.workerErrors.add(error);
          logger.error(`in a worker thread, which goes on: ${error.stack ?? error.message}`);
        },
        onFallback: (spectrum, { name, provider, fallback }) =>
          logger.error(`${spectrum}: ${name} runs on ${provider} from now on: ${fallback ?? 'unknown reason'}`),
      });
      this.#trouble = undefined;
      this.#analysis.modelsLoaded(this.#pipeline.models);
      const models = [...this.#pipeline.models].map(
        ([spectrum, { name, provider }]) => `${spectrum}: ${name} on ${provider}`,
      );
      logger.info(`models loaded in ${Number(process.hrtime.bigint() - startNs) / 1e9} s: ${models.join(', ')}`);
    } catch (error) {
      this.#trouble = { level: LEVEL.error, message: `the models could not be loaded: ${troubleLine(error)}` };
      logger.error(this.#trouble.message);
    } finally {
      this.#isLoading = false;
    }
  }

  #connect(): void {
    const cameras = camerasOf(this.#config, this.#start);
    this.#inputs = new CameraInputs(this.rcl, this.#node, cameras, (frame, changed) => this.#receive(frame, changed));
    this.#stages = new LiveStages(
      syncOptionsOf(this.#config),
      (set) => this.#perceive(set),
      (error) => this.#fatal(`the processing of images has ended: ${String(error)}`),
    );
  }

  #disconnect(): void {
    this.#inputs?.close();
    this.#stages?.close();
    this.#inputs = undefined;
    this.#stages = undefined;
  }

  #receive(frame: Frame, formatChange: string | undefined): void {
    if (formatChange !== undefined) {
      this.#node.getLogger().warn(`${frame.topic}: the images have changed their size or encoding, ${formatChange}`);
    }
    const band = this.#inputs?.bands.get(frame.spectrum);
    if (this.#active && this.#enabled) this.#stages?.push(frame);
    else if (band) band.ignored++;
  }

  async #perceive(set: FrameSet): Promise<void> {
    const parameters = this.#parameters();
    const { score_threshold, iou_threshold, max_detections, grad_cam } = parameters;
    for (const [spectrum, frame] of set.frames) {
      const band = this.#inputs?.bands.get(spectrum);
      if (band) band.skewSeconds = Number(frame.stampNs - set.stampNs) / 1e9;
    }
    const perceived = await this.#pipeline?.process(set, {
      thresholds: { scoreThreshold: score_threshold, iouThreshold: iou_threshold, maxDetections: max_detections },
      gradCam: grad_cam,
      onFrame: (result) => this.#results.publish(result, this.#inputs?.bands.get(result.header.spectrum)),
    });
    if (!perceived || !this.#active) return;
    this.#frameKeeper.consider(set, perceived, parameters, this.#analysis.look(perceived, parameters));
  }

  #publishInfo(): void {
    this.#toldThreshold = this.#parameters().score_threshold;
    for (const [spectrum, outputs] of this.#outputs) {
      const model = this.#pipeline?.models.get(spectrum);
      if (!model) continue;
      const description = { ...model, manifestPath: this.#config.cameras[spectrum]?.model ?? '' };
      const frameId = `${spectrum}_optical_frame`;
      outputs.publishInfo(this.#node.now().nanoseconds, frameId, description, this.#toldThreshold);
    }
  }

  #report(): void {
    const name = this.#node.name();
    const limits = this.#parameters();
    if (this.#active && limits.score_threshold !== this.#toldThreshold) this.#publishInfo();
    const nowNs = process.hrtime.bigint();
    const flows = this.#stages?.flow();
    const inputs = this.#inputs;
    const snapshots = [...(inputs?.bands.values() ?? [])].map((band) => {
      const flow = flows?.get(band.spectrum);
      if (flow) Object.assign(band, flow);
      return band.snapshot(nowNs, inputs?.publishersOf(band) ?? { publishers: 0, mismatches: [] });
    });
    const published = snapshots.reduce((sum, { recentPublished }) => sum + recentPublished, 0);
    const bands = snapshots.map((band) => bandStatus(name, band, limits, published));
    const drift = this.#analysis.driftStatus(name, limits);
    this.#diagnostics.publish([nodeStatus(name, this.#snapshot(), limits), ...bands, ...(drift ? [drift] : [])]);
  }

  #snapshot(): NodeSnapshot {
    return this.#health.snapshot({
      state: this.#node.currentState.label,
      enabled: this.#enabled,
      trouble: this.#configureTrouble() ?? this.#trouble,
      models: this.#pipeline?.models ?? new Map(),
      frameLog: this.#frameKeeper.state,
    });
  }

  #configureTrouble(): NodeSnapshot['trouble'] {
    if (this.#configureFailure === undefined) return undefined;
    const wish = this.#start.autostart ? ' though autostart was asked for' : '';
    return { level: LEVEL.error, message: `not configured${wish}: ${troubleLine(this.#configureFailure)}` };
  }

  /** A set that does not come back: native code hangs, and no exception will ever say so. */
  #watch(): void {
    const busy = this.#stages?.busySeconds() ?? 0;
    if (busy > this.#start.watchdog_timeout)
      this.#fatal(`images have been in work for ${busy.toFixed(3)} s: native code hangs`);
  }

  /** OpenCV's binding serves one thread per process, once: what has lost a worker thread can only be started again. */
  #fatal(message: string): void {
    if (this.#trouble?.message === message) return;
    this.#trouble = { level: LEVEL.error, message };
    this.#node.getLogger().fatal(`${message}; the process ends with code ${WATCHDOG_EXIT_CODE}, to be started again`);
    this.#report();
    if (!this.supervision.hung(message)) this.end(WATCHDOG_EXIT_CODE);
  }
}

function camerasOf(config: PerceptionConfig, start: StartParameters): CameraInput[] {
  return bandsOf(config).map((spectrum) => ({
    spectrum,
    topic: config.cameras[spectrum]?.topic ?? `camera/${spectrum}/image_raw`,
    transport: start[`${spectrum}.transport`],
  }));
}

/** @throws ExpectedError `usage` for a topic that ROS does not allow */
function inputTopic(node: RclLifecycleNode, { spectrum, topic, transport }: CameraInput): string {
  try {
    return node.resolveTopicName(topic + TRANSPORTS[transport].suffix);
  } catch (cause) {
    throw new ExpectedError(
      'usage',
      `${JSON.stringify(topic)} is no topic name`,
      `correct cameras.${spectrum}.topic in the configuration file`,
      { cause },
    );
  }
}

/** Waits for work, but no longer than that. */
async function within(milliseconds: number, work: Promise<unknown> | undefined): Promise<void> {
  const given = new AbortController();
  await Promise.race([work, sleep(milliseconds, undefined, { signal: given.signal }).catch(() => undefined)]);
  given.abort();
}
