import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';

const css = readFileSync(path.join(packageRoot, 'src/report/page/theme.css'), 'utf8');
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');

/** Relative luminance of a six-digit colour (WCAG 2.2). */
function luminance(colour: string): number {
  const channel = (at: number): number => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [low = NaN, high = NaN] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

for (const [theme, text] of Object.entries({ light, dark })) {
  describe(`the ${theme} theme`, () => {
    const values = new Map(
      [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const of = (name: string): string => values.get(name) ?? assert.fail(`${theme} has no --${name}`);

    for (const [ink, ground] of [
      ['ink', 'panel'],
      ['ink', 'ground'],
      ['quiet', 'panel'],
      ['quiet', 'ground'],
      ['on-accent', 'accent'],
      ['warn', 'warn-ground'],
    ] as const) {
      it(`writes ${ink} on ${ground} with a contrast of at least 4.5`, () => {
        assert.ok(contrast(of(ink), of(ground)) >= 4.5, contrast(of(ink), of(ground)).toFixed(2));
      });
    }

    it('draws every line with a contrast of at least 3', () => {
      for (let index = 0; index < 8; index++) {
        for (const ground of ['panel', 'lane'])
          assert.ok(contrast(of(`line-${index}`), of(ground)) >= 3, `line ${index} on ${ground}`);
      }
    });
  });
}
