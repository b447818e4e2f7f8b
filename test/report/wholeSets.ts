import type { ReportFrameSet } from '../../src/report/reportInput.js';
import type { ReportFused, ReportTrackStep } from '../../src/report/wholeSetInput.js';
import { SPECTRA } from '../../src/spectrum.js';
import { syntheticDrive } from './syntheticDrive.js';

/** A drawn drive whose things are followed by their class, and fused: figures are given, so that the page can be asked for them. */
export function* followedDrive(sets: number): Generator<ReportFrameSet> {
  let at = 0;
  for (const set of syntheticDrive({ sets, shrink: 2 })) {
    const classes = ['Person', 'car', 'bike', 'color_cone', 'animal'];
    const tracks = set.frames.map(({ spectrum, detections }) =>
      detections.map(({ className }): ReportTrackStep => {
        const kind = classes.indexOf(className);
        // The person's map is the least steady, the animal's is empty.
        const place = { x: 0.5 + 0.1 * kind * Math.sin(at), y: 0.5 };
        const track = 10 * SPECTRA.indexOf(spectrum) + kind;
        if (className === 'animal') return { track };
        return { track, centre: place, peak: place, ...(at > 0 && { correlation: 0.5 + 0.1 * kind }) };
      }),
    );
    yield { ...set, tracks, fused: fusedOf(set) };
    at++;
  }
}

/** One fused detection of a set's strongest boxes of each spectrum, and a weaker one that RGB alone has. */
function fusedOf({ frames }: ReportFrameSet): ReportFused {
  const spectra = frames.map(({ spectrum }) => spectrum);
  const members = frames.flatMap(({ spectrum, detections }) => {
    const index = detections.findIndex(({ className }) => className === 'car');
    return index < 0 ? [] : [{ spectrum, index }];
  });
  const values = (all: readonly number[]) => spectra.map((_, i) => ({ shapley: all[i] ?? 0, leaveOneOut: 0.02 * i }));
  return {
    spectra,
    detections: [
      { className: 'car', score: 0.6, members, contributions: values([0.3, 0.2, 0.15, -0.05]) },
      {
        className: 'Person',
        score: 0.2,
        members: [{ spectrum: 'rgb', index: 0 }],
        contributions: values([0.44, -0.08, -0.08, -0.08]),
      },
    ],
  };
}
