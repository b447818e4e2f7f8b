import type { FailedFrame, PerceivedFrame, PictureRequest, Pictures } from '../perception/perceivedSet.js';
import type { Spectrum } from '../spectrum.js';
import type { BandMonitor } from './bandMonitor.js';
import type { BandOutputs } from './bandOutputs.js';
import type { NodeHealth } from './nodeHealth.js';
import type { RuntimeParameters } from './parameterSchema.js';
import type { RclLogger } from './rcl.js';

/** What the publisher asks of the node around it. */
export interface PublishingNode {
  readonly isActive: () => boolean;
  readonly parameters: () => RuntimeParameters;
  readonly render: (frame: PerceivedFrame, wanted: PictureRequest) => Promise<Pictures | undefined>;
  readonly logger: RclLogger;
}

/** Publishes what was perceived: detections first; then what describes them; pictures last, and only when somebody looks. */
export class ResultPublisher {
  readonly #painting = new Set<Spectrum>();
  readonly outputs: ReadonlyMap<Spectrum, BandOutputs>;
  readonly health: NodeHealth;
  readonly node: PublishingNode;

  constructor(outputs: ReadonlyMap<Spectrum, BandOutputs>, health: NodeHealth, node: PublishingNode) {
    this.outputs = outputs;
    this.health = health;
    this.node = node;
  }

  /** Never throws: one message that the middleware does not take is no reason to end. */
  publish(result: PerceivedFrame | FailedFrame, band: BandMonitor | undefined): void {
    const outputs = this.outputs.get(result.header.spectrum);
    if (!this.node.isActive() || !band || !outputs) return;
    if (result.kind === 'failed') {
      band.failed(result.error.message);
      return;
    }
    try {
      this.#publish(result, band, outputs);
    } catch (error) {
      this.node.logger.error(`${result.header.topic}: the results could not be published: ${String(error)}`);
    }
  }

  #publish(frame: PerceivedFrame, band: BandMonitor, outputs: BandOutputs): void {
    const { header, detections, model } = frame;
    outputs.publishDetections(header, detections);
    const totalMs = Number(process.hrtime.bigint() - header.receivedNs) / 1e6;
    band.published();
    this.health.time({ ...frame.timings, totalMs });
    const { publish_maps: withMaps, grad_cam: variant } = this.node.parameters();
    if (variant !== 'off') {
      outputs.publishExplained(header, detections, { modelSha256: model.sha256, variant }, withMaps);
    }
    void this.#paint(frame, outputs);
  }

  /** One picture of a band at a time: the thread that paints also decodes the next images. */
  async #paint(frame: PerceivedFrame, outputs: BandOutputs): Promise<void> {
    const { spectrum } = frame.header;
    const { raw, compressed } = outputs.overlayWanted;
    if ((!raw && !compressed) || this.#painting.has(spectrum)) return;
    const { overlay_opacity: overlayOpacity, color_map: colorMap, jpeg_quality: jpegQuality } = this.node.parameters();
    const style = { overlayOpacity, colorMap, jpegQuality };
    this.#painting.add(spectrum);
    try {
      const pictures = await this.node.render(frame, { overlay: compressed, overlayPixels: raw, style });
      if (!this.node.isActive()) return;
      if (pictures?.overlayPixels) outputs.publishOverlay(frame.header, pictures.overlayPixels);
      if (pictures?.overlay) outputs.publishCompressedOverlay(frame.header, pictures.overlay);
    } catch (error) {
      this.node.logger.debug(`overlay left out: ${String(error)}`);
    } finally {
      this.#painting.delete(spectrum);
    }
  }
}
