import type { Explainer, ExplainTarget, PartialExplanation } from '../explanation.js';
import type { ExplainSettings } from '../settings.js';
import type { WindowFrame } from '../run/windowScores.js';
import { attentionFigures } from '../../maps/attention.js';
import { versions } from '../../versions.js';
import type { Explanation, ExplanationSource, ImageOrigin } from './frameExplanation.js';

/** One image, decoded, with the boxes that are to be explained. */
export interface ExplainWork {
  readonly image: ImageOrigin;
  /** uint8 [height, width, 3], RGB, of the image's size. */
  readonly pixels: Uint8Array;
  /** At least one. */
  readonly targets: readonly ExplainTarget[];
  readonly settings: ExplainSettings;
  readonly seed: number;
  /** Images before this one that the same masks are laid over. */
  readonly window?: readonly WindowFrame[];
}

/** How far an explanation has come. */
export interface ExplainProgress {
  readonly passes: number;
  readonly plannedPasses: number;
  /** Whether this is the last one. */
  readonly complete: boolean;
  /** In the order of the work's targets. */
  readonly explanations: readonly Explanation[];
}

/**
 * Explains the boxes of one image; partial results first, the complete one last. Aborting ends it with the signal's reason.
 * @throws ExpectedError as `Explainer.explain`
 */
export async function* explainFrame(
  explainer: Explainer,
  work: ExplainWork,
  signal?: AbortSignal,
): AsyncGenerator<ExplainProgress, void, undefined> {
  const { image, pixels, targets, settings, seed, window } = work;
  const { name, sha256 } = explainer.manifest;
  const source: ExplanationSource = {
    settings,
    seed,
    model: { name, sha256, provider: explainer.provider },
    versions: versions(),
  };
  const request = { pixels, size: image.size, targets, settings, seed, ...(window && { window }) };
  for await (const partial of explainer.explain(request, signal)) {
    const { passes, plannedPasses, final } = partial;
    const explanations = targets.map((target, index) => explanationOf(image, target, source, partial, index));
    yield { passes, plannedPasses, complete: final, explanations };
  }
}

function explanationOf(
  image: ImageOrigin,
  target: ExplainTarget,
  source: ExplanationSource,
  { passes, plannedPasses, converged, final, targets }: PartialExplanation,
  index: number,
): Explanation {
  const explained = targets[index];
  if (explained === undefined) throw new Error(`the explainer left out target ${index} of ${image.spectrum}`);
  const { map, standardError, lost, convergence } = explained;
  const attention = attentionFigures(map, target.box, image.size.width, image.size.height);
  return {
    image,
    target,
    map,
    ...(standardError && { standardError }),
    source,
    passes,
    plannedPasses,
    lost,
    converged,
    complete: final,
    scores: new Map([
      ['energy_in_box', attention.energyInBox],
      ['energy_gain', attention.energyGain],
      ['peak_in_box', attention.peakInBox ? 1 : 0],
      ...(convergence === undefined ? [] : [['convergence', convergence] as const]),
    ]),
    madeAtNs: BigInt(Date.now()) * 1_000_000n,
  };
}
