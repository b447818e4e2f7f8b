import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BagWriter } from '../bag/bagWriter.js';
import { OUTPUT_TYPES, toCompressedImage } from '../messages/outputMessages.js';
import { ExpectedError } from '../errors.js';
import type { ExplainSettings, ExplainMethod } from '../explain/settings.js';
import type { Explanation } from '../explain/explanation.js';
import { BandModels } from '../explain/frame/bandModels.js';
import { ExplainFiles } from '../explain/frame/explanationFiles.js';
import { EXPLANATION_TYPE, toExplanationMessages } from '../explain/frame/explanationMessage.js';
import { mapFigures } from '../explain/frame/mapFigures.js';
import { overlayOf } from '../explain/frame/pictures.js';
import { prepareDetected } from '../explain/frame/prepareFrame.js';
import { openExplainer } from '../explain/run/explainerPool.js';
import type { Frame } from '../images/frame.js';
import type { FrameSet } from '../perception/frameSet.js';
import type { PerceivedFrame, PerceivedSet } from '../perception/perceivedSet.js';
import type { PerceptionPipeline } from '../perception/perception.js';
import { outputError } from '../outputError.js';
import type { ReportExplanation } from '../report/reportInput.js';
import { paintedMap } from '../explain/frame/paintedMap.js';
import type { Spectrum } from '../spectrum.js';
import { EXPLANATIONS } from './outputFiles.js';

/** Which frame sets of a replay are explained by masking, and how. */
export interface ExplainWish {
  /** Frame sets, spread evenly over the drive. */
  readonly sets: number;
  readonly settings: ExplainSettings;
  readonly seed: number;
}

/** What `summary.json` says of them. */
export interface ExplainedSummary {
  readonly method: string;
  readonly settings: ExplainSettings;
  readonly seed: number;
  readonly sets: number;
  readonly images: number;
  readonly boxes: number;
  /** Masked forward passes. */
  readonly passes: number;
  readonly seconds: number;
  /** Folder with a folder of maps for each image. */
  readonly files: string;
}

/** Explanations of a frame's detections, in their order; undefined for those beyond the most. */
export type FrameExplanations = ReadonlyMap<Spectrum, readonly (ReportExplanation | undefined)[]>;

/** Boxes of an image that are explained; one more costs hardly anything. */
const MOST_BOXES = 20;

/** Topics of one band's explanations in the annotated bag. */
export function explanationTopics(spectrum: Spectrum): { readonly explanation: string; readonly overlay: string } {
  const base = `/multispectral_saliency/${spectrum}/explanation`;
  return { explanation: base, overlay: `${base}/overlay/compressed` };
}

/**
 * Positions of about `wanted` sets among `expected`, spread evenly, each at a multiple of the largest power of two that the spacing
 * leaves room for: where a long drive's report has to thin its pictures, it keeps every second, fourth, eighth … set.
 */
export function spreadSets(expected: number, wanted: number): ReadonlySet<number> {
  const spacing = Math.max(1, expected / wanted);
  const grid = 2 ** Math.floor(Math.log2(spacing));
  return new Set(
    Array.from({ length: Math.min(wanted, expected) }, (_, k) => Math.floor(((k + 0.5) * spacing) / grid) * grid),
  );
}

/**
 * Explains chosen sets of a replay while it runs, and writes what comes of it beside the recorded messages. The pixels are those that the
 * vision thread still holds, and it paints: OpenCV serves no other thread of the process.
 */
export class ExplainedSets {
  readonly #chosen: ReadonlySet<number>;
  readonly #kept = new Map<number, ReadonlyMap<Spectrum, Frame>>();
  readonly #folder: string;
  readonly #models: BandModels;
  #counts = { sets: 0, images: 0, boxes: 0, passes: 0, seconds: 0 };
  readonly #wish: ExplainWish;
  readonly #pipeline: PerceptionPipeline;
  readonly #bag: BagWriter;

  /**
   * @param expected frame sets that the drive is likely to have
   * @param output folder of the replay's outputs
   */
  constructor(wish: ExplainWish, pipeline: PerceptionPipeline, bag: BagWriter, expected: number, output: string) {
    this.#wish = wish;
    this.#pipeline = pipeline;
    this.#bag = bag;
    this.#chosen = spreadSets(expected, wish.sets);
    this.#folder = path.join(output, EXPLANATIONS);
    const { workers, threads, providers } = pipeline.config.execution;
    this.#models = new BandModels(pipeline.config, openExplainer, {
      providers,
      ...(workers !== undefined && { workers }),
      ...(threads !== undefined && { threads }),
    });
  }

  /** Announces the topics of the bands. */
  async announce(spectra: Iterable<Spectrum>): Promise<void> {
    for (const spectrum of spectra) {
      const { explanation, overlay } = explanationTopics(spectrum);
      await this.#bag.addTopic({ name: explanation, type: EXPLANATION_TYPE });
      await this.#bag.addTopic({ name: overlay, type: OUTPUT_TYPES.overlay });
    }
  }

  /** Passes the sets on and keeps the images of the chosen ones until they are perceived. */
  async *keeping(sets: AsyncIterable<FrameSet>): AsyncGenerator<FrameSet, void, undefined> {
    let ordinal = 0;
    for await (const set of sets) {
      if (this.#chosen.has(ordinal)) this.#kept.set(ordinal, set.frames);
      ordinal++;
      yield set;
    }
  }

  /**
   * Explains a set if it is one of the chosen.
   * @param ordinal its number, from 0
   * @throws ExpectedError as `prepareDetected` and `Explainer.explain`, `output`, or `environment` where a thread is gone
   */
  async explain(
    set: PerceivedSet,
    ordinal: number,
    signal?: AbortSignal,
    onProgress?: (note: string) => void,
  ): Promise<FrameExplanations> {
    const frames = this.#kept.get(ordinal);
    this.#kept.delete(ordinal);
    const explained = new Map<Spectrum, readonly (ReportExplanation | undefined)[]>();
    if (frames === undefined || signal?.aborted) return explained;
    for (const [spectrum, perceived] of set.frames) {
      const frame = frames.get(spectrum);
      if (perceived.kind !== 'perceived' || perceived.detections.length === 0 || frame === undefined) continue;
      const made = await this.#explainFrame(frame, perceived, signal, onProgress);
      if (made === undefined) break;
      explained.set(spectrum, inOrder(perceived, made.explanation));
      await this.#write(perceived, made);
    }
    if (explained.size > 0) this.#counts.sets++;
    return explained;
  }

  summary(): ExplainedSummary {
    const { settings, seed } = this.#wish;
    const seconds = Number(this.#counts.seconds.toFixed(3));
    return { method: settings.method, settings, seed, ...this.#counts, seconds, files: this.#folder };
  }

  close(): Promise<void> {
    return this.#models.close();
  }

  /** Writes maps, overlays and `explanation.json` into a folder of the frame's. Undefined where the replay was interrupted. */
  async #explainFrame(
    frame: Frame,
    perceived: PerceivedFrame,
    signal: AbortSignal | undefined,
    onProgress: ((note: string) => void) | undefined,
  ): Promise<ExplainedFrame | undefined> {
    const { settings, seed } = this.#wish;
    const { header, detections, model } = perceived;
    const { spectrum, stampNs } = header;
    const startedMs = performance.now();
    try {
      // Before anything else: pictures are kept for a moment only.
      const image = await this.#pipeline.pixels(perceived);
      const explainer = await this.#models.explainer(spectrum);
      const named = detections.map(({ box, className, score }) => ({ box, className, score }));
      const logged = { detections: named, modelSha256: model.sha256 };
      const prepared = prepareDetected(explainer, frame, image, logged, {
        boxes: { most: MOST_BOXES },
        settings,
        seed,
      });
      const folder = path.join(this.#folder, `${String(stampNs)}.${spectrum}`);
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw outputError(folder, error);
      });
      let explanation: Explanation | undefined;
      for await (const partial of explainer.explain(prepared.request, signal)) {
        explanation = partial;
        onProgress?.(`| explaining ${spectrum}: pass ${partial.passes} of ${partial.plannedPasses}`);
      }
      if (explanation === undefined) throw new Error(`the explainer of ${model.name} said nothing`);
      const { pictures } = this.#pipeline.config;
      const numbers = prepared.request.targets.map((_, i) => i + 1);
      const paint = this.#pipeline.paint.bind(this.#pipeline);
      const files = new ExplainFiles(folder, { frame, logged }, prepared, numbers, pictures, paint);
      await files.write(explanation, { interrupted: false, seconds: (performance.now() - startedMs) / 1000 });
      return { explanation, overlay: await paint(overlayOf(prepared.pixels, explanation, pictures)) };
    } catch (error) {
      if (signal?.aborted && !(error instanceof ExpectedError)) return undefined;
      throw error;
    } finally {
      this.#counts.seconds += (performance.now() - startedMs) / 1000;
    }
  }

  async #write({ header }: PerceivedFrame, { explanation, overlay }: ExplainedFrame): Promise<void> {
    const topics = explanationTopics(header.spectrum);
    for (const message of toExplanationMessages(explanation, header))
      await this.#bag.writeMessage(topics.explanation, header.receivedNs, message);
    await this.#bag.writeMessage(topics.overlay, header.receivedNs, toCompressedImage(header, 'jpeg', overlay));
    this.#counts.images++;
    this.#counts.boxes += explanation.targets.length;
    this.#counts.passes += explanation.passes;
  }
}

interface ExplainedFrame {
  readonly explanation: Explanation;
  /** JPEG with the boxes and their maps. */
  readonly overlay: Uint8Array;
}

/** The explanation's targets, which come best score first, in the order of the detections. */
function inOrder({ detections }: PerceivedFrame, explanation: Explanation): (ReportExplanation | undefined)[] {
  const ordered: (ReportExplanation | undefined)[] = detections.map(() => undefined);
  detections
    .map(({ score }, index) => ({ score, index }))
    .sort((a, b) => b.score - a.score)
    .slice(0, explanation.targets.length)
    .forEach(({ index }, rank) => (ordered[index] = reportExplanation(explanation, rank)));
  return ordered;
}

/** One target's explanation as the report shows it. */
function reportExplanation(explanation: Explanation, index: number): ReportExplanation {
  const { map, standardError, lost } = explanation.targets[index];
  const energyInBox = mapFigures(explanation, index).get('energy_in_box');
  return {
    map: paintedMap(map, explanation.request.settings),
    ...(standardError && { standardError }),
    lost,
    passes: explanation.passes,
    ...(energyInBox !== undefined && { energyInBox }),
  };
}

/** How the report names the maps. */
export function explainedBy({ settings }: ExplainWish): string {
  const names: Readonly<Record<ExplainMethod, string>> = {
    rise: 'RISE',
    'd-rise': 'D-RISE',
    'live-rise': 'Live RISE',
    sidu: 'SIDU',
    'grad-cam': 'Grad-CAM',
    hirescam: 'HiResCAM',
    'grad-cam++': 'Grad-CAM++',
    layercam: 'LayerCAM',
    odam: 'ODAM',
    'integrated-gradients': 'integrated gradients',
    'smooth-grad': 'SmoothGrad',
  };
  return 'passes' in settings ? `${names[settings.method]}, ${settings.passes} masks` : names[settings.method];
}
