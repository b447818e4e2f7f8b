import { PASSES, type Fidelity } from './judge.js';

/** Markdown: mean Pearson / top-5 % IoU over all boxes, for each stream and estimator, by passes; then by size of the box. */
export function fidelityTable(rows: readonly Fidelity[]): string {
  const boxes = new Set(rows.map(({ picture, box }) => `${picture} ${JSON.stringify(box.box)}`)).size;
  const lines = [`Pearson / top-5 % IoU against the reference, means over ${boxes} boxes.`, '', ...table(rows), ''];
  for (const size of ['small', 'medium', 'large'] as const) {
    const own = rows.filter(({ box }) => box.size === size);
    if (own.length > 0) lines.push(`Boxes that are ${size}:`, '', ...table(own), '');
  }
  return `${lines.join('\n')}\n`;
}

function table(rows: readonly Fidelity[]): string[] {
  const head = ['masks', ...PASSES.map(String)];
  const names = [...new Set(rows.map(({ stream, estimator }) => `${stream}, ${estimator}`))];
  const body = names.map((name) => [name, ...PASSES.map((passes) => cell(rows, name, passes))]);
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`);
}

function cell(rows: readonly Fidelity[], name: string, passes: number): string {
  const own = rows.filter((row) => `${row.stream}, ${row.estimator}` === name && row.passes === passes);
  const mean = (key: 'pearson' | 'top5'): string =>
    (own.reduce((sum, row) => sum + row[key], 0) / own.length).toFixed(3);
  return own.length > 0 ? `${mean('pearson')} / ${mean('top5')}` : '';
}
