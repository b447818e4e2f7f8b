import { AttentionWatch } from '../drift/attentionWatch.js';
import { type Baseline, bandMismatch, type DetectionSettings, settingsMismatch } from '../drift/baseline.js';
import { DriftMonitor } from '../drift/driftMonitor.js';
import type { Observation } from '../drift/figures.js';
import type { ModelIdentity } from '../perception/perceivedSet.js';
import type { Spectrum } from '../spectrum.js';
import { type Finding, LEVEL, type Status, summarize } from './diagnostics.js';
import type { RuntimeParameters } from './parameterSchema.js';

/** What the node sees, held against a baseline where there is one; images whose attention is unusual are found without one too. */
export class DriftWatch {
  #attention = new AttentionWatch();
  #monitor: DriftMonitor | undefined;
  #comparable: readonly Spectrum[] = [];
  /** Why some bands are not compared. */
  #left: readonly string[] = [];
  #settings: string | undefined;
  /** Why nothing is compared at present. */
  #mismatch: string | undefined;
  readonly baseline: Baseline | undefined;
  readonly file: string;
  readonly windowSeconds: number;

  constructor(baseline: Baseline | undefined, file: string, windowSeconds: number) {
    this.baseline = baseline;
    this.file = file;
    this.windowSeconds = windowSeconds;
  }

  /** From now on bands whose model is that of the baseline are compared. */
  modelsLoaded(models: ReadonlyMap<Spectrum, ModelIdentity>): void {
    const { baseline } = this;
    if (baseline === undefined) return;
    const judged = [...models].map(
      ([spectrum, { sha256 }]) => [spectrum, bandMismatch(baseline, spectrum, sha256)] as const,
    );
    this.#comparable = judged.filter(([, why]) => why === undefined).map(([spectrum]) => spectrum);
    this.#left = judged.flatMap(([, why]) => (why === undefined ? [] : [why]));
    this.#monitor = new DriftMonitor(baseline, this.#comparable, this.windowSeconds);
    this.#settings = undefined;
  }

  /**
   * @param unusualShare see `AttentionWatch.look`
   * @returns which attention figure is unusual, in words; `undefined` for none
   */
  observe(
    observation: Observation,
    settings: DetectionSettings,
    unusualShare: number,
    nowNs: bigint,
  ): string | undefined {
    this.#follow(settings);
    if (this.#mismatch === undefined) this.#monitor?.observe(observation, nowNs);
    const unusual = observation.bands.flatMap((band) => this.#attention.look(band, unusualShare) ?? []);
    return unusual[0]?.text;
  }

  /** `undefined` where there is no baseline. */
  status(nodeName: string, limits: RuntimeParameters, nowNs: bigint): Status | undefined {
    if (this.baseline === undefined) return undefined;
    const findings: Finding[] = this.#left.map((why) => ({ level: LEVEL.warn, text: `not compared: ${why}` }));
    if (this.#mismatch !== undefined) findings.push({ level: LEVEL.warn, text: `not compared: ${this.#mismatch}` });
    const values = new Map<string, string>([
      ['baseline', this.file],
      ['baseline was recorded from', this.baseline.source],
      ['window (s)', String(this.windowSeconds)],
    ]);
    const figures =
      this.#monitor?.judge(nowNs, {
        minimumSamples: limits['drift.min_samples'],
        raiseAbove: limits['drift.warn'],
        clearBelow: limits['drift.clear'],
      }) ?? [];
    for (const { spectrum, name, index, samples, drifted } of figures) {
      const what = spectrum === undefined ? name : `${spectrum} ${name}`;
      values.set(
        `${what} (stability index)`,
        index === undefined ? `none of ${samples} values` : `${index.toFixed(3)} of ${samples} values`,
      );
      if (!drifted) continue;
      const text = `drift of ${what} from the baseline: stability index ${index?.toFixed(2) ?? 'unknown by now'}`;
      findings.push({ level: LEVEL.warn, text });
    }
    const judged = figures.some(({ index }) => index !== undefined);
    const whenFine = judged ? 'as in the baseline' : 'too little seen for a verdict';
    return summarize(`${nodeName}: drift`, 'detector', findings, whenFine, values);
  }

  /** Other settings make other distributions: everything starts anew with them. */
  #follow(settings: DetectionSettings): void {
    const text = JSON.stringify(settings);
    if (text === this.#settings) return;
    this.#settings = text;
    this.#mismatch = this.baseline && settingsMismatch(this.baseline, settings);
    this.#attention = new AttentionWatch(this.#mismatch === undefined ? this.baseline : undefined, this.#comparable);
    this.#monitor?.reset();
  }
}
