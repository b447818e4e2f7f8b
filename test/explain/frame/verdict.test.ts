import assert from 'node:assert/strict';
import { verdictOf, type VerdictKind } from '../../../src/explain/frame/verdict.js';
import type { Explanation } from '../../../src/explain/explanation.js';
import { presetSettings } from '../../../src/explain/settings.js';
import type { Box } from '../../../src/geometry/box.js';
import { boxBlob } from '../../../src/maps/boxBlob.js';

const size = { width: 640, height: 480 };
const grid = { width: 80, height: 60 };
const cell = { width: 80, height: 60 };
const BOX = { x1: 100, y1: 200, x2: 160, y2: 300 };
const CUE = { x1: 500, y1: 40, x2: 540, y2: 90 };

function explanation(
  heights: readonly (readonly [Box, number])[],
  { error = 0.01, lost = 60, convergence = 0.95 } = {},
): Explanation {
  const values = new Float32Array(grid.width * grid.height).fill(0.05);
  for (const [box, height] of heights)
    boxBlob(box, size, cell, grid).values.forEach((v, x) => (values[x] += height * v));
  return {
    request: {
      ...{ input: new Uint8Array(0), size, seed: 0, settings: presetSettings('rise') },
      targets: [{ box: BOX, classIndex: 0, className: 'car', score: 0.8 }],
    },
    model: { name: 'toy', sha256: '', provider: 'cpu' },
    passes: 100,
    plannedPasses: 100,
    converged: false,
    complete: true,
    targets: [
      {
        map: { ...grid, values },
        standardError: { ...grid, values: values.map(() => error) },
        lost,
        convergence,
      },
    ],
    madeAtNs: 0n,
  };
}

describe('the verdict on a map', () => {
  const says = (kind: VerdictKind, text: RegExp, one: Explanation): void => {
    const verdict = verdictOf(one, 0);
    assert.equal(verdict?.kind, kind, verdict?.text);
    assert.match(verdict.text, text);
  };

  it('tells inside, partly beside and elsewhere, and where', () => {
    says('inside', /mostly inside the box \((9\d|100) %/, explanation([[BOX, 0.5]]));
    says(
      'partly beside',
      /highest at \(5\d\d, \d+\) px, above and right of it; \d\d % .* lies at the box/,
      explanation([
        [BOX, 0.4],
        [CUE, 0.4],
      ]),
    );
    says('elsewhere', /above and right of it; 0 % of what stands out lies at the box/, explanation([[CUE, 0.5]]));
    says('elsewhere', /below it/, explanation([[{ x1: 100, y1: 420, x2: 160, y2: 470 }, 0.5]]));
  });

  it('says nothing where nothing stands out of the noise, and too few passes where nobody can tell', () => {
    says('nothing', /stands out of the noise/, explanation([[BOX, 0.02]]));
    says('too few passes', /found again in 11 of 100/, explanation([[BOX, 0.5]], { lost: 89 }));
    says('too few passes', /too few/, explanation([[BOX, 0.5]], { convergence: 0.5 }));
  });

  it('does without a standard error, and says nothing of methods without masks', () => {
    const whole = explanation([[CUE, 0.5]]);
    const [{ map, lost }] = whole.targets;
    const bare = { ...whole, targets: [{ map, lost }] };
    says('elsewhere', /right of it/, bare);
    const request = { ...bare.request, settings: presetSettings('grad-cam') };
    assert.equal(verdictOf({ ...bare, request }, 0), undefined);
  });
});
