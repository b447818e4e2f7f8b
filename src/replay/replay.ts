import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { giveName, unfinishedName, writeAtomically } from '../files/atomicWrite.js';
import type { Bag } from '../bag/bag.js';
import { BagWriter } from '../bag/bagWriter.js';
import { describeLoss } from '../bag/losses.js';
import { openBag } from '../bag/openBag.js';
import { outputError } from '../outputError.js';
import { saveBaseline } from '../drift/baseline.js';
import { BaselineRecorder } from '../drift/baselineRecorder.js';
import { syncOptionsOf } from '../perception/config.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import { detectionSettings, observationOf } from '../perception/observation.js';
import type { PerceivedSet } from '../perception/perceivedSet.js';
import { PerceptionPipeline } from '../perception/perception.js';
import { synchronizeIterable } from '../perception/synchronize.js';
import { Synchronizer } from '../perception/synchronizer.js';
import { ReportWriter } from '../report/reportWriter.js';
import type { Spectrum } from '../spectrum.js';
import { versions } from '../versions.js';
import { annotationTopics, Annotator } from './annotator.js';
import { cameraTopics, otherImageTopics } from './cameraTopics.js';
import { FUSED_TOPICS } from './fusedAnnotator.js';
import {
  explainedBy,
  ExplainedSets,
  explanationTopics,
  type ExplainedSummary,
  type ExplainWish,
} from './explainedSets.js';
import { fusionCards, fusionNotes, type FusionSummary } from './fusionTally.js';
import { describeMethod, provenanceRecord, reportModels, summaryModels } from './provenance.js';
import { recordedFrames } from './recordedFrames.js';
import { outputFiles, refuseToReplace, removeOld, type OutputFiles } from './outputFiles.js';
import { ReplayFusion } from './replayFusion.js';
import { ReplayLines } from './replayLines.js';
import { ReplayTracks, trackNotes, type TracksSummary } from './replayTracks.js';
import { reportFrameSet } from './reportFrames.js';
import { droppedOf, ReplayTally, type ReplaySummary } from './replaySummary.js';

export interface ReplayOptions {
  /** Bag folder or file. */
  readonly bag: string;
  /** Existing folder for the outputs; absolute. */
  readonly output: string;
  readonly config: PerceptionConfig;
  /** Whether `detections.jsonl` and its like are written too: see ReplayLines. */
  readonly jsonLines?: boolean;
  /** Whether the explained detections in the bag carry their maps. */
  readonly maps?: boolean;
  /** Where to write a drift baseline of this drive; an older one there is replaced. */
  readonly baseline?: string;
  /** Explains some frame sets by masking; absent: none. */
  readonly explain?: ExplainWish;
  /** Largest size of the report, bytes. */
  readonly reportBytes?: number;
}

export interface ReplayHooks {
  /** Ends the replay early; the outputs are closed properly and say so. */
  readonly signal?: AbortSignal;
  /** `done` of about `total` image messages are dealt with. */
  readonly onProgress?: (done: number, total: number, note: string) => void;
}

/**
 * Replays a recorded drive: synchronises its cameras, detects, explains, and writes `annotated.mcap` (the recorded messages
 * untouched, with detections, overlays and attention figures beside them), `report.html` and `summary.json`.
 *
 * Runs in memory that does not grow with the bag. Bad images and damaged parts of the bag are counted and reported.
 *
 * @throws ExpectedError `input` (no readable bag), `usage` (topics), `model`, `environment`, `output` (disk full: what was
 *   written stays readable)
 */
export async function replay(options: ReplayOptions, hooks: ReplayHooks = {}): Promise<ReplaySummary> {
  const bag = await openBag(options.bag);
  try {
    const topics = cameraTopics(bag, options.config);
    await refuseToReplace(bag.files, outputFiles(options.output, options.baseline));
    const pipeline = await PerceptionPipeline.open(options.config, {}, [...topics.keys()]);
    try {
      return await new Replay(options, hooks, bag, topics, pipeline).run();
    } finally {
      await pipeline.close();
    }
  } finally {
    await bag.close();
  }
}

/** The outputs of a replay, open for writing. */
interface Outputs {
  readonly annotated: BagWriter;
  readonly report: ReportWriter;
  readonly lines: ReplayLines | undefined;
  readonly fusion: ReplayFusion | undefined;
  readonly baseline: BaselineRecorder | undefined;
  readonly explained: ExplainedSets | undefined;
}

class Replay {
  readonly #tally = new ReplayTally();
  readonly #tracks = new ReplayTracks();
  readonly #badMessages = new Map<Spectrum, number>();
  readonly #notCopied = new Map<string, number>();
  readonly #files: OutputFiles;
  readonly #synchronizer: Synchronizer;
  readonly #startedMs = performance.now();
  #sets = 0;
  #dropped = 0;
  readonly options: ReplayOptions;
  readonly hooks: ReplayHooks;
  readonly bag: Bag;
  readonly topics: ReadonlyMap<Spectrum, string>;
  readonly pipeline: PerceptionPipeline;

  constructor(
    options: ReplayOptions,
    hooks: ReplayHooks,
    bag: Bag,
    topics: ReadonlyMap<Spectrum, string>,
    pipeline: PerceptionPipeline,
  ) {
    this.options = options;
    this.hooks = hooks;
    this.bag = bag;
    this.topics = topics;
    this.pipeline = pipeline;
    this.#files = outputFiles(options.output, options.baseline);
    this.#synchronizer = new Synchronizer(syncOptionsOf(options.config, [...topics.keys()]));
  }

  async run(): Promise<ReplaySummary> {
    const outputs = await this.#openOutputs();
    try {
      await this.#perceive(outputs);
      return await this.#finish(outputs);
    } catch (error) {
      // Leave what there is readable: a bag without its summary, no half report.
      await Promise.allSettled([outputs.annotated.close(), outputs.report.abort(), outputs.lines?.close()]);
      await giveName(outputs.annotated.file, this.#files.annotated).catch(() => undefined); // it may have it already
      throw error;
    } finally {
      await outputs.explained?.close();
    }
  }

  async #openOutputs(): Promise<Outputs> {
    const { output, jsonLines = false, reportBytes, baseline, explain, config } = this.options;
    const files = this.#files;
    // It is written last: say now that it cannot be.
    if (baseline !== undefined) await writing(baseline, access(path.dirname(path.resolve(baseline)), constants.W_OK));
    await removeOld(output);
    const annotated = await BagWriter.create(unfinishedName(files.annotated), { overwrite: true });
    try {
      const report = await ReportWriter.create(files.report, {
        title: path.basename(this.options.bag),
        source: this.options.bag,
        method: describeMethod(config),
        ...(explain && { explainedBy: explainedBy(explain) }),
        models: reportModels(this.pipeline.models),
        provenance: Object.entries({ ...versions(), ...this.#parameters() }).map(([label, value]) => ({
          label,
          value: typeof value === 'string' ? value : JSON.stringify(value),
        })),
        createdAt: new Date(),
        ...(reportBytes === undefined ? {} : { sizeCapBytes: reportBytes }),
      });
      const { fusion } = config;
      const lines = jsonLines ? await ReplayLines.create(output, fusion !== undefined) : undefined;
      return {
        annotated,
        report,
        lines,
        fusion: fusion && new ReplayFusion(fusion, annotated),
        baseline: this.#baselineRecorder(),
        explained: explain && new ExplainedSets(explain, this.pipeline, annotated, this.#likelySets(), output),
      };
    } catch (error) {
      await annotated.close();
      throw error;
    }
  }

  async #perceive({ annotated, report, lines, fusion, baseline, explained }: Outputs): Promise<void> {
    const { config, maps = false } = this.options;
    const annotator = new Annotator(annotated, { variant: config.explanation.gradCam, maps });
    await annotator.announce(this.topics.keys());
    await fusion?.announce();
    await explained?.announce(this.topics.keys());
    const own = this.#ownTopics();
    const frames = recordedFrames(
      this.bag,
      this.topics,
      {
        onMessage: async (message, topic) => {
          if (own.has(topic.name)) this.#notCopied.set(topic.name, (this.#notCopied.get(topic.name) ?? 0) + 1);
          else await annotated.copy(message, topic);
        },
        onBadMessage: (message, spectrum, error) => {
          this.#badMessages.set(spectrum, (this.#badMessages.get(spectrum) ?? 0) + 1);
          this.#tally.addTrouble(spectrum, error.message);
          report.addLoss({ what: error.message, topic: message.topic, stampNs: message.logTimeNs });
        },
      },
      this.hooks.signal,
    );
    const synchronized = synchronizeIterable(frames, this.#synchronizer);
    const sets = explained?.keeping(synchronized) ?? synchronized;
    const total = this.#imageCount();
    for await (const set of this.pipeline.perceive(sets, { overlay: true, thumbnail: true })) {
      this.#tally.addSet(set);
      const explanations = await explained?.explain(set, this.#sets, this.hooks.signal, (note) => {
        this.#reportProgress(set, total, note);
      });
      for (const frame of set.frames.values()) {
        if (frame.kind === 'perceived') await annotator.write(frame);
        else {
          const { topic, stampNs } = frame.header;
          report.addLoss({ what: frame.error.message, topic, stampNs });
        }
      }
      const fused = await fusion?.add(set);
      const tracks = this.#tracks.add(set);
      await lines?.addSet(set, tracks, fused);
      await report.addFrameSet(reportFrameSet(set, this.#sets, this.#newlyDropped(), tracks, fused, explanations));
      baseline?.add(observationOf(set, fused?.fused));
      this.#sets++;
      this.#reportProgress(set, total);
    }
  }

  #reportProgress(
    { frames }: PerceivedSet,
    total: number,
    note = `| ${String(this.#tally.detectionCount)} detections`,
  ): void {
    this.hooks.onProgress?.(Math.min(total, this.#sets * Math.max(1, frames.size)), total, note);
  }

  async #finish({ annotated, report, lines, fusion, baseline, explained }: Outputs): Promise<ReplaySummary> {
    const losses = this.bag.losses.map(describeLoss);
    for (const loss of losses) report.addLoss({ what: loss });
    const ended = this.#tracks.end();
    await lines?.addTracks(ended);
    const tracks = this.#tracks.summary();
    const outputs = { ...this.#files, ...lines?.files };
    const summary = this.#summary(losses, outputs, tracks, fusion?.summary(), explained?.summary());
    await annotated.addMetadata('multispectral_saliency', provenanceRecord(summary));
    await annotated.close();
    await writing(this.#files.annotated, giveName(annotated.file, this.#files.annotated));
    await lines?.close();
    await report.close({
      completed: summary.completed,
      cards: [
        { label: 'Throughput', value: `${summary.framesPerSecond.toFixed(1)} frames/s` },
        ...(summary.fusion ? fusionCards(summary.fusion) : []),
      ],
      notes: [
        ...(summary.fusion ? fusionNotes(summary.fusion) : []),
        ...trackNotes(tracks),
        ...summary.troubles.map(({ spectrum, what, count }) => `${spectrum}: ${String(count)} × ${what}`),
      ],
    });
    if (baseline !== undefined && this.options.baseline !== undefined)
      await writing(this.options.baseline, saveBaseline(this.options.baseline, baseline.baseline()));
    const summaryFile = this.#files.summary;
    await writing(summaryFile, writeAtomically(summaryFile, `${JSON.stringify(summary, undefined, 2)}\n`));
    return summary;
  }

  #baselineRecorder(): BaselineRecorder | undefined {
    if (this.options.baseline === undefined) return undefined;
    return new BaselineRecorder(this.options.bag, detectionSettings(this.options.config), this.pipeline.models);
  }

  #summary(
    losses: readonly string[],
    outputs: Record<string, string>,
    tracks: TracksSummary,
    fusion?: FusionSummary,
    explained?: ExplainedSummary,
  ): ReplaySummary {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const counters = this.#synchronizer.counters();
    return {
      schemaVersion: 1,
      completed: this.hooks.signal?.aborted !== true,
      source: this.options.bag,
      outputs,
      topics: Object.fromEntries(this.topics),
      otherImageTopics: otherImageTopics(this.bag, [...this.topics.values(), ...this.#ownTopics()]),
      notCopied: Object.fromEntries(this.#notCopied),
      models: summaryModels(this.pipeline.models),
      parameters: this.#parameters(),
      versions: versions(),
      frameSets: counters.sets,
      partialSets: counters.partialSets,
      frames: this.#tally.frames(counters, this.#badMessages),
      detections: this.#tally.detections(),
      ...(fusion && { fusion }),
      ...(explained && { explained }),
      tracks,
      clockJumps: counters.clockJumps,
      troubles: this.#tally.troubles,
      losses,
      latency: this.#tally.latencies.figures(),
      seconds,
      framesPerSecond: this.#tally.perceivedCount / seconds,
    };
  }

  /** Topics that this replay writes: older messages on them would stand for its own. */
  #ownTopics(): ReadonlySet<string> {
    const { config, explain } = this.options;
    const ofBands = [...this.topics.keys()].flatMap((spectrum) => [
      ...Object.values(annotationTopics(spectrum)),
      ...(explain ? Object.values(explanationTopics(spectrum)) : []),
    ]);
    return new Set([...ofBands, ...(config.fusion ? Object.values(FUSED_TOPICS) : [])]);
  }

  #parameters(): Record<string, unknown> {
    const { detection, explanation, synchronization, fusion, execution } = this.options.config;
    return { detection, explanation, synchronization, ...(fusion && { fusion }), execution };
  }

  #imageCount(): number {
    const wanted = new Set(this.topics.values());
    return this.bag.topics.reduce((sum, { name, count }) => sum + (wanted.has(name) ? count : 0), 0);
  }

  /** Frame sets that the drive is likely to have: as many as the images of its busiest camera. */
  #likelySets(): number {
    const wanted = new Set(this.topics.values());
    return Math.max(1, ...this.bag.topics.filter(({ name }) => wanted.has(name)).map(({ count }) => count));
  }

  #newlyDropped(): number {
    const { bands } = this.#synchronizer.counters();
    const dropped = [...bands.values()].reduce((sum, band) => sum + droppedOf(band), 0);
    const fresh = dropped - this.#dropped;
    this.#dropped = dropped;
    return fresh;
  }
}

async function writing(file: string, written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    throw outputError(file, error);
  }
}
