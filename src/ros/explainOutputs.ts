import { OUTPUT_TYPES, toCompressedImage } from '../messages/outputMessages.js';
import type { ExplainedImage } from '../explain/queue/explanationStore.js';
import { EXPLANATION_TYPE, toExplanationMessages } from '../explain/frame/explanationMessage.js';
import type { Spectrum } from '../spectrum.js';
import { cdrSerializer } from '../messages/cdr.js';
import { outputPublisher } from './outputPublisher.js';
import type { Rcl, RclNode, RclPublisher } from './rcl.js';

const serializeExplanation = cdrSerializer(EXPLANATION_TYPE);
const serializeOverlay = cdrSerializer(OUTPUT_TYPES.overlay);

/** Publishers of one band: `~/<band>/explanation`, a message for each box, and `~/<band>/overlay/compressed`. */
export class ExplainOutputs {
  readonly #explanations: RclPublisher;
  readonly #overlay: RclPublisher;

  constructor(rcl: Rcl, node: RclNode, spectrum: Spectrum) {
    const publish = (type: string, name: string, depth: number): RclPublisher =>
      outputPublisher(rcl, node, type, `~/${spectrum}/${name}`, depth);
    // One image gives a message for each of its boxes at once.
    this.#explanations = publish(EXPLANATION_TYPE, 'explanation', 100);
    this.#overlay = publish(OUTPUT_TYPES.overlay, 'overlay/compressed', 1);
  }

  publish({ image, explanation, overlay }: Omit<ExplainedImage, 'set'>): void {
    for (const message of toExplanationMessages(explanation, image))
      this.#explanations.publish(serializeExplanation(message));
    this.#overlay.publish(serializeOverlay(toCompressedImage(image, 'jpeg', overlay)));
  }
}
