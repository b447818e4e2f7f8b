import { troubleLine } from '../errors.js';
import type { FrameSet } from '../perception/frameSet.js';
import type { PerceivedSet } from '../perception/perceivedSet.js';
import { FrameLog } from '../frameLog/frameLog.js';
import { FrameLogTriggers, type SetFindings } from '../frameLog/frameLogTriggers.js';
import type { RuntimeParameters, StartParameters } from './parameterSchema.js';
import type { RclNode } from './rcl.js';

/** What /diagnostics says about the frame log. */
export interface FrameLogState {
  readonly folder: string;
  readonly written: number;
  readonly leftOut: number;
  readonly deleted: number;
  /** Why the last write failed; `undefined` where it did not. */
  readonly trouble: string | undefined;
}

/**
 * The node's frame log: its parameters, its service `~/log_frame`, and its troubles, which are told and stop nothing: detections go on
 * without a disk.
 */
export class FrameKeeper {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #triggers = new FrameLogTriggers();
  #log: FrameLog | undefined;
  readonly node: RclNode;

  /** @param isSeeing whether frames are being processed at all */
  constructor(node: RclNode, start: StartParameters, isSeeing: () => boolean) {
    this.node = node;
    this.#folder = start['frame_log.folder'];
    this.#maxBytes = start['frame_log.max_megabytes'] * 1e6;
    node.createService('std_srvs/srv/Trigger', '~/log_frame', (_request, response) => {
      const success = this.#log !== undefined && isSeeing();
      if (success) this.#triggers.request();
      const trouble = this.#log?.trouble;
      const message = success
        ? `the next frames go to ${this.#folder}${trouble === undefined ? '' : `, where the last attempt failed: ${trouble}`}`
        : 'no frame is kept: the frame log is off (frame_log.folder), or the node is not active and enabled';
      response.send({ success, message });
    });
  }

  /** From now on frames can be kept; the folder is made meanwhile. */
  open(): void {
    if (this.#folder === '' || this.#log !== undefined) return;
    this.#log = new FrameLog({ folder: this.#folder, maxBytes: this.#maxBytes }, (error) =>
      this.node.getLogger().error(`frame log: ${troubleLine(error)}`),
    );
  }

  /** Keeps the set where it is worth explaining. @param findings what was found in it beside its detections */
  consider(
    set: FrameSet,
    perceived: PerceivedSet,
    parameters: RuntimeParameters,
    findings: Omit<SetFindings, 'detections'>,
  ): void {
    if (this.#log === undefined) return;
    const frames = [...set.frames].flatMap(([spectrum, frame]) => {
      const result = perceived.frames.get(spectrum);
      return result?.kind === 'perceived' ? [{ frame, perceived: result }] : [];
    });
    if (frames.length === 0) return;
    const detections = frames.flatMap((entry) => entry.perceived.detections);
    const reason = this.#triggers.reasonFor({ ...findings, detections }, process.hrtime.bigint(), {
      periodSeconds: parameters['frame_log.period'],
      middlingLow: parameters['frame_log.middling_low'],
      middlingHigh: parameters['frame_log.middling_high'],
      restSeconds: parameters['frame_log.rest'],
    });
    if (reason === undefined) return;
    const entry = { stampNs: set.stampNs, reason: reason.text, frames, variant: parameters.grad_cam };
    if (this.#log.offer(entry)) reason.kept();
  }

  /** `undefined` where there is no log. */
  get state(): FrameLogState | undefined {
    if (this.#folder === '') return undefined;
    const counts = this.#log?.counts ?? { written: 0, leftOut: 0, deleted: 0 };
    return { folder: this.#folder, ...counts, trouble: this.#log?.trouble };
  }

  async close(): Promise<void> {
    await this.#log?.settled();
  }
}
