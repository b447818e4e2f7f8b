import path from 'node:path';
import { EXIT_CODES, ExpectedError, troubleLine } from '../errors.js';
import { BandModels, type OpenExplainer } from '../explain/frame/bandModels.js';
import { CpuBudget } from '../explain/queue/cpuBudget.js';
import { ExplainLoop, type LoopParameters, type LoopState } from '../explain/queue/explainLoop.js';
import type { ExplainedImage } from '../explain/queue/explanationStore.js';
import { overlayOf } from '../explain/frame/pictures.js';
import { prepareFrame } from '../explain/frame/prepareFrame.js';
import { findLoggedFrame } from '../frameLog/findLoggedFrame.js';
import { paintFile } from '../images/paint.js';
import { RecentCount } from '../explain/queue/recentCount.js';
import { bandsOf, defaultConfig, loadConfig } from '../perception/config.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import type { Spectrum } from '../spectrum.js';
import { DiagnosticsPublisher } from './diagnosticsPublisher.js';
import { ExplainAction, type GoalProgress } from './explainAction.js';
import { explainStatus } from './explainDiagnostics.js';
import { type ExplainGoal, readGoal, settingsOf } from './explainGoal.js';
import { ExplainOutputs } from './explainOutputs.js';
import {
  explainRuntimeSchema,
  explainStartSchema,
  type ExplainRuntimeParameters,
  type ExplainStartParameters,
} from './explainParameters.js';
import type { End } from './nodeProcess.js';
import { declareParameters, followRuntimeParameters, warnOfUnknownParameters } from './parameters.js';
import { checkQosOverrides } from './qosOverrides.js';
import { starvedThreads } from './processPriority.js';
import { ProgressWatch } from './progressWatch.js';
import { type Rcl, type RclNode, SPIN_TIMEOUT_MS } from './rcl.js';
import { type Supervision, WATCHDOG_EXIT_CODE } from './supervision.js';

/**
 * The explain node: explains what the perception node has logged, at a budget, and what the action `~/explain` asks for, at once. It owns
 * topics, parameters, timers and diagnostics, and leaves the work to ExplainLoop. It runs in a process of its own, at the lowest priority:
 * whatever it does, the perception node goes first.
 */
export class ExplainNode {
  readonly #stop = new AbortController();
  readonly #outputs: ReadonlyMap<Spectrum, ExplainOutputs>;
  readonly #diagnostics: DiagnosticsPublisher;
  readonly #models: BandModels;
  readonly #action: ExplainAction;
  readonly #timer: NodeJS.Timeout;
  readonly #lately = { images: new RecentCount(), skipped: new RecentCount() };
  readonly #progress = new ProgressWatch({ nowMs: () => performance.now(), starvedMs: starvedThreads });
  #skipped: number | undefined;
  #loop: ExplainLoop | undefined;
  #looping: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  readonly node: RclNode;
  readonly start: ExplainStartParameters;
  readonly parameters: () => ExplainRuntimeParameters;
  readonly supervision: Supervision;
  readonly end: End;

  private constructor(
    rcl: Rcl,
    node: RclNode,
    start: ExplainStartParameters,
    config: PerceptionConfig,
    parameters: () => ExplainRuntimeParameters,
    supervision: Supervision,
    end: End,
    open: OpenExplainer,
  ) {
    this.node = node;
    this.start = start;
    this.parameters = parameters;
    this.supervision = supervision;
    this.end = end;
    this.#outputs = new Map(bandsOf(config).map((spectrum) => [spectrum, new ExplainOutputs(rcl, node, spectrum)]));
    this.#diagnostics = new DiagnosticsPublisher(rcl, node);
    // One thread: the budget is a share of a core.
    this.#models = new BandModels(config, open, {
      workers: 1,
      threads: config.execution.threads ?? 1,
      providers: config.execution.providers,
    });
    this.#action = new ExplainAction(rcl, node, {
      read: (goal) => readGoal(goal, this.parameters()),
      explain: (goal, signal) => this.#explainNow(goal, signal),
    });
    this.#timer = setInterval(() => this.#report(), start.diagnostics_period * 1000);
  }

  /**
   * Makes the node, its parameters, publishers and action; no model is loaded yet.
   * @throws ExpectedError `usage` for a parameter or a configuration file that cannot be used
   */
  static async create(rcl: Rcl, supervision: Supervision, end: End, open: OpenExplainer): Promise<ExplainNode> {
    const node = rcl.createNode('explain_node');
    checkQosOverrides(node);
    const start = explainStartSchema.parse(
      declareParameters(rcl, node, { schema: explainStartSchema, readOnly: true }),
    );
    const config = start.config_file === '' ? defaultConfig('latency') : await loadConfig(start.config_file);
    const { pictures } = config;
    const declared = declareParameters(
      rcl,
      node,
      { schema: explainRuntimeSchema, readOnly: false },
      {
        overlay_opacity: pictures.overlayOpacity,
        color_map: pictures.colorMap,
        jpeg_quality: pictures.jpegQuality,
      },
    );
    const parameters = followRuntimeParameters(rcl, node, explainRuntimeSchema, explainRuntimeSchema.parse(declared));
    const made = new ExplainNode(rcl, node, start, config, parameters, supervision, end, open);
    warnOfUnknownParameters(node);
    return made;
  }

  /** Serves ROS and begins to work. */
  run(): void {
    this.node.spin(SPIN_TIMEOUT_MS);
    this.supervision.start(this.start.watchdog_timeout);
    if (this.start['frame_log.folder'] !== '') this.#looping = this.#follow();
  }

  /** Lets go of what is in work (it is begun again at the next start), ends the threads and leaves the graph. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error('the node ends'));
    await this.#action.close();
    await this.#looping;
    await this.#models.close();
    this.node.stop();
    this.node.destroy();
  }

  async #follow(): Promise<void> {
    const logger = this.node.getLogger();
    const folder = this.start['frame_log.folder'];
    const resultsFolder = this.start['results.folder'] || path.join(folder, 'explained');
    try {
      this.#loop = new ExplainLoop(
        {
          frameLogFolder: folder,
          resultsFolder,
          resultBytes: this.start['results.max_megabytes'] * 1e6,
          order: this.start['queue.order'],
          maxWaiting: this.start['queue.max_waiting'],
          pollSeconds: this.start['queue.poll_period'],
        },
        {
          parameters: () => loopParameters(this.parameters()),
          mayGoOn: () => this.#action.idle(),
          onExplained: (image) => this.#publish(image),
          onTrouble: (message) => logger.error(message),
        },
        this.#models,
        new CpuBudget(),
      );
      logger.info(`explaining the frame log ${folder}; results in ${resultsFolder}`);
      await this.#loop.run(this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#trouble = troubleLine(error);
      const lost = !(error instanceof ExpectedError) || error.kind === 'environment';
      const exitCode = lost ? WATCHDOG_EXIT_CODE : EXIT_CODES[error.kind];
      logger.fatal(`${this.#trouble}; the process ends with code ${exitCode}`);
      this.#report();
      this.end(exitCode);
    }
  }

  /** One message that the middleware does not take is no reason to end. */
  #publish(explained: Omit<ExplainedImage, 'set'>): void {
    this.#lately.images.add();
    try {
      this.#outputs.get(explained.image.spectrum)?.publish(explained);
    } catch (error) {
      this.node.getLogger().error(`the explanations could not be published: ${String(error)}`);
    }
  }

  async *#explainNow(
    { image, spectrum, stampNs, wish }: ExplainGoal,
    signal: AbortSignal,
  ): AsyncGenerator<GoalProgress> {
    const logged = image ? undefined : await findLoggedFrame(this.start['frame_log.folder'], spectrum, stampNs);
    const source = image ? { frame: image } : logged && { frame: logged.frame, logged };
    if (source === undefined) throw new Error('unreachable: a frame that is not logged is an error');
    const { explainer, pixels, request } = await prepareFrame(this.#models, source, wish);
    if (request.targets.length === 0) {
      throw new ExpectedError('input', 'nothing is detected in the image', 'name a box and the class to explain it as');
    }
    const { frame } = source;
    for await (const explanation of explainer.explain(request, signal)) {
      if (explanation.complete) {
        const overlay = paintFile(overlayOf(pixels, explanation, loopParameters(this.parameters()).style));
        this.#publish({ image: frame, explanation, overlay });
      }
      yield { image: frame, explanation };
    }
  }

  #starving({ images, inWork, waiting, trouble }: LoopState): string | undefined {
    const { cores, framesPerMinute } = loopParameters(this.parameters());
    const text = this.#progress.trouble({
      images,
      passes: inWork?.passes ?? 0,
      toDo: waiting + (inWork ? 1 : 0),
      goalsRunning: this.#action.goals.running,
      cores,
      framesPerMinute,
    });
    return trouble === undefined ? text : undefined;
  }

  #report(): void {
    const queue = this.#loop?.state;
    if (queue) {
      const skipped = queue.totals.skipped + queue.totals.gone;
      this.#lately.skipped.add(skipped - (this.#skipped ?? skipped));
      this.#skipped = skipped;
    }
    const snapshot = {
      folder: this.start['frame_log.folder'],
      queue,
      imagesPerMinute: this.#lately.images.lastMinute,
      skippedLately: this.#lately.skipped.lastMinute,
      actionGoals: this.#action.goals,
      trouble: this.#trouble,
      starving: queue && this.#starving(queue),
    };
    this.#diagnostics.publish([explainStatus(this.node.name(), snapshot)]);
  }
}

function loopParameters(parameters: ExplainRuntimeParameters): LoopParameters {
  const { overlay_opacity: overlayOpacity, color_map: colorMap, jpeg_quality: jpegQuality } = parameters;
  return {
    settings: settingsOf(parameters),
    seed: parameters.seed,
    maxBoxes: parameters.max_boxes,
    cores: parameters['budget.cores'],
    framesPerMinute: parameters['budget.frames_per_minute'],
    style: { overlayOpacity, colorMap, jpegQuality },
  };
}
