import type { BandSnapshot } from './bandMonitor.js';
import type { FrameLogState } from './frameKeeper.js';
import type { LatencyFigures } from './latencyWindow.js';
import type { RuntimeParameters } from './parameterSchema.js';
import type { WorkerErrorCounts } from './workerErrors.js';

/** Levels of diagnostic_msgs/msg/DiagnosticStatus. */
export const LEVEL = { ok: 0, warn: 1, error: 2, stale: 3 } as const;
export type Level = (typeof LEVEL)[keyof typeof LEVEL];

/** One entry of a DiagnosticArray. */
export interface Status {
  readonly level: Level;
  readonly name: string;
  readonly message: string;
  readonly hardwareId: string;
  readonly values: ReadonlyMap<string, string>;
}

/** What the whole node has to say about itself. */
export interface NodeSnapshot {
  readonly state: string;
  readonly enabled: boolean;
  /** What keeps the models from being ready, or went wrong with them. */
  readonly trouble: { readonly level: Level; readonly message: string } | undefined;
  readonly models: readonly {
    readonly spectra: readonly string[];
    readonly name: string;
    readonly sha256: string;
    readonly provider: string;
    /** Why preferred providers were passed over. */
    readonly fallback: string | undefined;
  }[];
  /** Milliseconds by stage, `total` from arrival to published detections. */
  readonly stages: ReadonlyMap<string, LatencyFigures>;
  /** 99th percentile of how late the event loop was in the last period, milliseconds. */
  readonly eventLoopDelayMs: number;
  readonly workerErrors: WorkerErrorCounts;
  readonly frameLog: FrameLogState | undefined;
}

export interface Finding {
  readonly level: Level;
  readonly text: string;
}

/**
 * One band's health in plain words: every reason is named, the worst one gives the level.
 * @param allPublished images of all bands that left as detections since the last snapshot
 */
export function bandStatus(
  nodeName: string,
  band: BandSnapshot,
  limits: RuntimeParameters,
  allPublished = band.recentPublished,
): Status {
  const findings = bandFindings(band, limits, allPublished);
  const values = new Map<string, string>([
    ['topic', band.topic],
    ['publishers', String(band.publishers)],
    ['age (s)', optional(band.ageSeconds, 3)],
    ['rate (Hz)', band.rateHz.toFixed(2)],
    ['rate of the camera by its stamps (Hz)', optional(band.camera?.rateHz, 2)],
    ['images lost on the way, estimated (%)', optional(band.camera && 100 * band.camera.lostShare, 0)],
    ['stamp age on arrival (s)', optional(band.stampAgeSeconds, 3)],
    ['skew (s)', optional(band.skewSeconds, 4)],
    ['images received', String(band.received)],
    ['images published', String(band.published)],
    ['images answered lately (%)', percent(band.recentPublished, band.recentReceived)],
    ["share of the detector's answers lately (%)", percent(band.recentPublished, allPublished)],
    ['images dropped (detector busy)', String(band.drops.replaced)],
    ['images dropped (late)', String(band.drops.late)],
    ['images dropped (stamp came twice)', String(band.drops.duplicates)],
    ['images dropped (queue full)', String(band.drops.overflowed)],
    ['images dropped (stamp far from the others)', String(band.drops.implausible)],
    ['images waiting for others', String(band.waiting)],
    ['images ignored (not active, or off)', String(band.ignored)],
    ['images not usable', String(band.failures)],
    ['last image not usable because', band.lastFailure ?? 'none'],
    ['format', band.format ?? 'none yet'],
    ['format changes', String(band.formatChanges)],
    ['clock jumps back', String(band.clockJumps)],
    ['publishers that cannot be heard', String(band.mismatches.length)],
  ]);
  return summarize(
    `${nodeName}: ${band.spectrum} camera`,
    band.topic,
    findings,
    `${band.rateHz.toFixed(1)} Hz`,
    values,
  );
}

function bandFindings(band: BandSnapshot, limits: RuntimeParameters, allPublished: number): Finding[] {
  const findings: Finding[] = [];
  const add = (level: Level, text: string): void => void findings.push({ level, text });
  const { ageSeconds: age, stampAgeSeconds: stampAge } = band;
  for (const mismatch of band.mismatches) add(LEVEL.error, `${mismatch} on ${band.topic}`);
  if (band.publishers === 0) add(age === undefined ? LEVEL.warn : LEVEL.error, `nobody publishes on ${band.topic}`);
  else if (age === undefined && band.mismatches.length === 0) add(LEVEL.warn, `no image yet on ${band.topic}`);
  if (age !== undefined && age > limits['diagnostics.age_warn']) {
    add(age > limits['diagnostics.age_error'] ? LEVEL.error : LEVEL.warn, `no image for ${age.toFixed(1)} s`);
  }
  if (band.recentFailures > 0) {
    add(LEVEL.error, `${band.recentFailures} images could not be used: ${band.lastFailure ?? 'unknown reason'}`);
  }
  if (stampAge !== undefined && band.recentReceived > 0 && Math.abs(stampAge) > limits['diagnostics.stamp_age_warn']) {
    const where = stampAge > 0 ? 'behind' : 'ahead of';
    add(
      LEVEL.warn,
      `stamps are ${Math.abs(stampAge).toFixed(1)} s ${where} this node's clock: ` +
        'the camera clock is not synchronised, or use_sim_time does not fit',
    );
  }
  const dropShare = band.recentReceived > 0 ? band.recentDrops / band.recentReceived : 0;
  if (dropShare > limits['diagnostics.drop_warn']) {
    add(
      LEVEL.warn,
      `${Math.round(100 * dropShare)} % of the images dropped: the detector is slower than the camera; ` +
        `${percent(band.recentPublished, allPublished)} % of its answers are this band's`,
    );
  }
  if (band.camera !== undefined && band.camera.lostShare > limits['diagnostics.drop_warn']) {
    const { rateHz, lostShare } = band.camera;
    add(
      LEVEL.warn,
      `about ${Math.round(100 * lostShare)} % of the images are lost on the way to this node: by its stamps the camera takes ` +
        `${rateHz.toFixed(1)} a second, ${band.rateHz.toFixed(1)} arrive; start the camera's process with this package's ` +
        'config/fastdds.xml, send smaller or compressed images, or use another transport (docs/ros.md, large images)',
    );
  }
  if (band.recentImplausible > 0) {
    add(
      LEVEL.warn,
      `${band.recentImplausible} images left out: their stamps lie far from those of the other images ` +
        '(zero, or a clock that is wrong)',
    );
  }
  if (band.outOfStep !== undefined) {
    const { from, offsetNs } = band.outOfStep;
    const ms = Math.abs(Number(offsetNs)) / 1e6;
    add(
      LEVEL.warn,
      `out of step: its stamps lie ${ms.toFixed(ms < 1 ? 6 : 1)} ms ${offsetNs < 0n ? 'before' : 'after'} those of ${from}, ` +
        'more than the synchronizer brings together (synchronization.maxSkewMs)',
    );
  }
  if (band.formatChange !== undefined) {
    add(LEVEL.warn, `the images have changed their size or encoding, ${band.formatChange}`);
  }
  return findings;
}

/** The node's own health: models, provider, latency. */
export function nodeStatus(nodeName: string, node: NodeSnapshot, limits: RuntimeParameters): Status {
  const findings: Finding[] = [];
  // Said beside any trouble: who reads a warning must see that nothing is detected.
  if (!node.enabled) findings.push({ level: LEVEL.ok, text: `${node.state}, disabled` });
  if (node.trouble) findings.push({ level: node.trouble.level, text: node.trouble.message });
  for (const { name, fallback } of node.models) {
    if (fallback !== undefined) findings.push({ level: LEVEL.warn, text: `${name}: ${fallback}` });
  }
  const { recent, total: workerErrors, last } = node.workerErrors;
  if (recent > 0) {
    findings.push({ level: LEVEL.warn, text: `an error in a worker thread, which goes on: ${last ?? 'unknown'}` });
  }
  if (node.frameLog?.trouble) findings.push({ level: LEVEL.warn, text: `frame log: ${node.frameLog.trouble}` });
  const total = node.stages.get('total');
  if (total && total.median > limits['diagnostics.latency_warn']) {
    const level = total.median > limits['diagnostics.latency_error'] ? LEVEL.error : LEVEL.warn;
    findings.push({ level, text: `detections take ${total.median.toFixed(0)} ms (median)` });
  }
  const values = new Map<string, string>([
    ['lifecycle state', node.state],
    ['enabled', String(node.enabled)],
    ['event loop delay (ms, p99)', node.eventLoopDelayMs.toFixed(1)],
    ['errors in worker threads', String(workerErrors)],
    ['last error in a worker thread', last ?? 'none'],
  ]);
  for (const { spectra, name, sha256, provider } of node.models) {
    values.set(`model for ${spectra.join(', ')}`, name);
    values.set(`model sha256 for ${spectra.join(', ')}`, sha256);
    values.set(`execution provider for ${spectra.join(', ')}`, provider);
  }
  if (node.frameLog) {
    values.set('frame log folder', node.frameLog.folder);
    values.set('frame log entries written', String(node.frameLog.written));
    values.set('frame log entries left out (disk busy or failing)', String(node.frameLog.leftOut));
    values.set('frame log entries deleted (log full)', String(node.frameLog.deleted));
  }
  for (const [stage, { median, p99 }] of node.stages) {
    values.set(`${stage} (ms, median)`, median.toFixed(2));
    values.set(`${stage} (ms, p99)`, p99.toFixed(2));
  }
  return summarize(`${nodeName}: detector`, 'detector', findings, node.state, values);
}

/** A status of everything that was found: the worst comes first and gives the level. */
export function summarize(
  name: string,
  hardwareId: string,
  findings: readonly Finding[],
  whenFine: string,
  values: ReadonlyMap<string, string>,
): Status {
  const worstFirst = [...findings].sort((a, b) => b.level - a.level);
  return {
    level: worstFirst[0]?.level ?? LEVEL.ok,
    name,
    message: worstFirst.length > 0 ? worstFirst.map(({ text }) => text).join('; ') : whenFine,
    hardwareId,
    values,
  };
}

function percent(part: number, whole: number): string {
  return whole > 0 ? ((100 * part) / whole).toFixed(0) : 'none';
}

function optional(value: number | undefined, digits: number): string {
  return value === undefined ? 'none' : value.toFixed(digits);
}
