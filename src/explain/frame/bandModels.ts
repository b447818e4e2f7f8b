import type { Provider } from '../../detector/providers.js';
import { ExpectedError } from '../../errors.js';
import type { Explainer } from '../explanation.js';
import { letterbox } from '../../geometry/letterbox.js';
import type { Pixels } from '../../images/pixels.js';
import { resizeToInput } from '../../images/resize.js';
import { DetectorPool } from '../../perception/detectorPool.js';
import type { PerceptionConfig } from '../../perception/configSchema.js';
import type { Spectrum } from '../../spectrum.js';
import type { NamedDetection } from '../../detector/detection.js';

export interface ExplainerOptions {
  readonly workers?: number;
  readonly threads?: number;
  readonly providers?: readonly Provider[];
}

/** Loads a model for explaining; see `openExplainer`. */
export type OpenExplainer = (manifestPath: string, options: ExplainerOptions) => Promise<Explainer>;

/** The models of the bands, each loaded when it is first needed: most of a vehicle's bands wait for their turn for a long time. */
export class BandModels {
  readonly #explainers = new Map<string, Promise<Explainer>>();
  readonly #detectors = new Map<string, Promise<DetectorPool>>();
  readonly config: PerceptionConfig;
  readonly open: OpenExplainer;
  readonly options: ExplainerOptions;

  constructor(config: PerceptionConfig, open: OpenExplainer, options: ExplainerOptions) {
    this.config = config;
    this.open = open;
    this.options = options;
  }

  /** @throws ExpectedError `usage` for a band that is not configured; otherwise as `openExplainer` */
  explainer(spectrum: Spectrum): Promise<Explainer> {
    return once(this.#explainers, this.#manifestOf(spectrum), (manifest) => this.open(manifest, this.options));
  }

  /**
   * Detections of the configured score and overlap.
   * @param pixels RGB
   * @throws ExpectedError as `explainer`
   */
  async detect(spectrum: Spectrum, pixels: Pixels): Promise<NamedDetection[]> {
    const { detection } = this.config;
    const pool = await once(this.#detectors, this.#manifestOf(spectrum), (manifest) =>
      DetectorPool.open({ models: { model: manifest }, workers: 1, topK: detection.topK, ...this.options }),
    );
    const input = pool.models['model']?.manifest.input;
    if (input === undefined) throw new Error('the detector pool has not loaded its model');
    const { scoreThreshold, iouThreshold, maxDetections } = detection;
    const { detections } = await pool.detect({
      model: 'model',
      pixels: resizeToInput(pixels, letterbox(pixels, input, input.resize)),
      source: { width: pixels.width, height: pixels.height },
      thresholds: { scoreThreshold, iouThreshold, maxDetections },
      gradCam: false,
    });
    return detections.map(({ box, className, score }) => ({ box, className, score }));
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled([...this.#explainers.values(), ...this.#detectors.values()]);
    for (const result of opened) if (result.status === 'fulfilled') await result.value.close();
  }

  #manifestOf(spectrum: Spectrum): string {
    const camera = this.config.cameras[spectrum];
    if (camera !== undefined) return camera.model;
    throw new ExpectedError(
      'usage',
      `no model is configured for the band ${spectrum}`,
      `add cameras.${spectrum}.model to the configuration`,
    );
  }
}

/** What has failed is tried again at the next call. */
function once<Value>(
  made: Map<string, Promise<Value>>,
  key: string,
  make: (key: string) => Promise<Value>,
): Promise<Value> {
  let value = made.get(key);
  if (value === undefined) {
    value = make(key);
    made.set(key, value);
    value.catch(() => made.delete(key));
  }
  return value;
}
