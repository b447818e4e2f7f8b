import path from 'node:path';
import type { BagWriter } from '../bag/bagWriter.js';
import { OUTPUT_TYPES, toCompressedImage } from '../messages/outputMessages.js';
import { ExpectedError } from '../errors.js';
import type { ExplainSettings } from '../explain/settings.js';
import type { Explanation } from '../explain/frame/frameExplanation.js';
import { EXPLANATION_TYPE, toExplanationMessage } from '../explain/frame/explanationMessage.js';
import type { ExplainedFrame } from '../explain/frame/frameExplainerProtocol.js';
import { FrameExplainer } from '../explain/frame/frameExplainer.js';
import type { Frame } from '../images/frame.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import type { FrameSet } from '../perception/frameSet.js';
import type { PerceivedFrame, PerceivedSet } from '../perception/perceivedSet.js';
import type { ReportExplanation } from '../report/reportInput.js';
import { aboveFloor } from '../maps/saliencyMap.js';
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
export type FrameExplanations = ReadonlyMap<Spectrum, readonly (Explanation | undefined)[]>;

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

/** Explains chosen sets of a replay while it runs, and writes what comes of it beside the recorded messages. */
export class ExplainedSets {
  readonly #chosen: ReadonlySet<number>;
  readonly #kept = new Map<number, ReadonlyMap<Spectrum, Frame>>();
  readonly #folder: string;
  #explainer: FrameExplainer | undefined;
  #counts = { sets: 0, images: 0, boxes: 0, passes: 0, seconds: 0 };
  readonly #wish: ExplainWish;
  readonly #config: PerceptionConfig;
  readonly #bag: BagWriter;

  /**
   * @param expected frame sets that the drive is likely to have
   * @param output folder of the replay's outputs
   */
  constructor(wish: ExplainWish, config: PerceptionConfig, bag: BagWriter, expected: number, output: string) {
    this.#wish = wish;
    this.#config = config;
    this.#bag = bag;
    this.#chosen = spreadSets(expected, wish.sets);
    this.#folder = path.join(output, EXPLANATIONS);
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
   * @throws ExpectedError as FrameExplainer.explain
   */
  async explain(
    set: PerceivedSet,
    ordinal: number,
    signal?: AbortSignal,
    onProgress?: (note: string) => void,
  ): Promise<FrameExplanations> {
    const frames = this.#kept.get(ordinal);
    this.#kept.delete(ordinal);
    const explained = new Map<Spectrum, readonly (Explanation | undefined)[]>();
    if (frames === undefined || signal?.aborted) return explained;
    for (const [spectrum, perceived] of set.frames) {
      const frame = frames.get(spectrum);
      if (perceived.kind !== 'perceived' || perceived.detections.length === 0 || frame === undefined) continue;
      const made = await this.#explainFrame(frame, perceived, signal, onProgress);
      if (made === undefined) break;
      explained.set(spectrum, inOrder(perceived, made.explanations));
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

  close(): void {
    this.#explainer?.close();
  }

  /** Undefined where the replay was interrupted. */
  async #explainFrame(
    frame: Frame,
    { header, detections, model }: PerceivedFrame,
    signal: AbortSignal | undefined,
    onProgress: ((note: string) => void) | undefined,
  ): Promise<ExplainedFrame | undefined> {
    const { settings, seed } = this.#wish;
    const { spectrum, stampNs } = header;
    this.#explainer ??= FrameExplainer.start({ config: this.#config, settings, seed, mostBoxes: MOST_BOXES });
    const startedMs = performance.now();
    const named = detections.map(({ box, className, score }) => ({ box, className, score }));
    const source = { frame, logged: { detections: named, modelSha256: model.sha256 } };
    try {
      return await this.#explainer.explain(source, path.join(this.#folder, `${String(stampNs)}.${spectrum}`), {
        signal,
        onProgress: (passes, planned) => onProgress?.(`| explaining ${spectrum}: pass ${passes} of ${planned}`),
      });
    } catch (error) {
      if (signal?.aborted && !(error instanceof ExpectedError)) return undefined;
      throw error;
    } finally {
      this.#counts.seconds += (performance.now() - startedMs) / 1000;
    }
  }

  async #write({ header }: PerceivedFrame, { explanations, overlay }: ExplainedFrame): Promise<void> {
    const { explanation, overlay: overlayTopic } = explanationTopics(header.spectrum);
    for (const one of explanations)
      await this.#bag.writeMessage(explanation, header.receivedNs, toExplanationMessage(one));
    await this.#bag.writeMessage(overlayTopic, header.receivedNs, toCompressedImage(header, 'jpeg', overlay));
    this.#counts.images++;
    this.#counts.boxes += explanations.length;
    this.#counts.passes += explanations[0]?.passes ?? 0;
  }
}

/** The explanations, which come best score first, in the order of the detections. */
function inOrder({ detections }: PerceivedFrame, explanations: readonly Explanation[]): (Explanation | undefined)[] {
  const ordered: (Explanation | undefined)[] = detections.map(() => undefined);
  detections
    .map(({ score }, index) => ({ score, index }))
    .sort((a, b) => b.score - a.score)
    .forEach(({ index }, rank) => (ordered[index] = explanations[rank]));
  return ordered;
}

/** An explanation as the report shows it. */
export function reportExplanation({
  map,
  standardError,
  lost,
  passes,
  scores,
  source,
}: Explanation): ReportExplanation {
  const energyInBox = scores.get('energy_in_box');
  return {
    map: source.settings.method === 'grad-cam' ? map : aboveFloor(map),
    ...(standardError && { standardError }),
    lost,
    passes,
    ...(energyInBox !== undefined && { energyInBox }),
  };
}

/** How the report names the maps. */
export function explainedBy({ settings }: ExplainWish): string {
  const names = { rise: 'RISE', 'd-rise': 'D-RISE', 'live-rise': 'Live RISE', sidu: 'SIDU', 'grad-cam': 'Grad-CAM' };
  return 'passes' in settings ? `${names[settings.method]}, ${settings.passes} masks` : names[settings.method];
}
