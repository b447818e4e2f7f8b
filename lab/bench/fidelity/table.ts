import { CORRECTED, CORRECTED_METHOD, PASSES, type Fidelity } from './judge.js';
import type { CurveRecord } from './records.js';
import { AFTER_NMS, LIVE, PLAIN } from './streams.js';

/** What a run has measured, whole or in part. */
export interface FidelityReport {
  /** Masks of each picture's reference. */
  readonly reference: number;
  /** Pictures that were planned, and those whose reference is whole. */
  readonly plannedPictures: number;
  readonly judgedPictures: number;
  readonly complete: boolean;
  /** Milliseconds of a pass of one thread, and of a live one. */
  readonly wholeMs: number;
  readonly liveMs: number;
  readonly models: readonly { readonly name: string; readonly sha256: string }[];
  readonly rows: readonly Fidelity[];
  readonly curves: readonly CurveRecord[];
}

/** Markdown of everything that was measured, and of what was not. */
export function fidelityTables(report: FidelityReport): string {
  const { rows } = report;
  const lines = [...heading(report), '', '### All boxes: Pearson / top-5 % IoU', '', ...byPasses(rows), ''];
  for (const size of ['small', 'medium', 'large'] as const) {
    const own = rows.filter(({ box }) => box.size === size);
    if (own.length > 0) lines.push(`### Boxes that are ${size} (${count(own)})`, '', ...byPasses(own), '');
  }
  lines.push(...liveTable(report), ...afterSuppression(rows), ...curveTable(report));
  return `${lines.join('\n').trimEnd()}\n`;
}

function heading({ rows, ...report }: FidelityReport): string[] {
  const sizes = (['small', 'medium', 'large'] as const)
    .map((size) => `${count(rows.filter(({ box }) => box.size === size))} ${size}`)
    .join(', ');
  const spectra = [...new Set(rows.map(({ spectrum }) => spectrum))].join(', ');
  const part = report.complete ? '' : ' **The run was cut short: not everything that was planned is measured.**';
  return [
    `${count(rows)} boxes (${sizes}) in ${report.judgedPictures} of ${report.plannedPictures} planned pictures (${spectra || 'none'}).${part}`,
    `The reference of each is plain RISE with ${report.reference} masks that no other row uses; rows with other p or grids are compared`,
    'with it too, though their limit is another map. A row’s value is the mean over boxes, of each the mean over up to two independent',
    `maps; in brackets the number of boxes where not all have the row. A live pass took ${(report.liveMs / report.wholeMs).toFixed(3)} of a whole one.`,
    `Networks: ${report.models.map(({ name, sha256 }) => `${name} (${sha256.slice(0, 12)})`).join(', ')}.`,
  ];
}

/** Boxes that rows speak of. */
function count(rows: readonly Fidelity[]): number {
  return new Set(rows.map(({ picture, box }) => `${picture} ${JSON.stringify(box.box)}`)).size;
}

function byPasses(rows: readonly Fidelity[]): string[] {
  const own = rows.filter(({ method }) => method !== CORRECTED_METHOD);
  const all = count(own);
  const target = meansOf(own.filter(({ method, passes }) => method === `${PLAIN}, mean` && passes === 500));
  const body = [...new Set(own.map(({ method }) => method))].map((method) => {
    const cells = PASSES.map((passes) =>
      cell(
        own.filter((row) => row.method === method && row.passes === passes),
        all,
      ),
    );
    const enough = PASSES.find((passes) => {
      const means = meansOf(own.filter((row) => row.method === method && row.passes === passes));
      return means && target && means.pearson >= target.pearson && means.top5 >= target.top5;
    });
    return [method, ...cells, enough === undefined ? '–' : String(enough)];
  });
  return markdown(['masks', ...PASSES.map(String), 'first as good as plain mean 500'], body);
}

function meansOf(rows: readonly Fidelity[]): { pearson: number; top5: number } | undefined {
  if (rows.length === 0) return undefined;
  const mean = (key: 'pearson' | 'top5'): number => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  return { pearson: mean('pearson'), top5: mean('top5') };
}

function cell(rows: readonly Fidelity[], all: number): string {
  const means = meansOf(rows);
  if (!means) return '';
  return `${means.pearson.toFixed(3)} / ${means.top5.toFixed(3)}${rows.length < all ? ` (${rows.length})` : ''}`;
}

function liveTable({ rows, liveMs, wholeMs }: FidelityReport): string[] {
  const cost = liveMs / wholeMs;
  const all = count(rows);
  const body = PASSES.flatMap((passes) =>
    [0, ...CORRECTED].flatMap((corrected) => {
      const same = rows.filter((row) => row.passes === passes && row.corrected === corrected);
      const of = (wanted: string): Fidelity[] => same.filter(({ method }) => method === wanted);
      const mean = of(`${LIVE}, mean`);
      const sparse = of(corrected === 0 ? `${LIVE}, sparse-bayes` : CORRECTED_METHOD);
      if (sparse.length === 0) return [];
      return [
        [String(passes), String(corrected), (passes * cost + corrected).toFixed(0), cell(mean, all), cell(sparse, all)],
      ];
    }),
  );
  if (body.length === 0) return [];
  return [
    '### Live RISE, alone and corrected by full passes: Pearson / top-5 % IoU',
    '',
    ...markdown(['live masks', 'full passes', 'cost in full passes', 'mean', 'sparse Bayes'], body),
    '',
  ];
}

function afterSuppression(rows: readonly Fidelity[]): string[] {
  const nms = rows.filter(({ method, passes }) => method === `${AFTER_NMS}, mean` && passes === 500);
  if (nms.length === 0) return [];
  const pictures = new Set(nms.map(({ picture }) => picture));
  const anchors = rows.filter(
    ({ method, passes, picture }) => method === `${PLAIN}, mean` && passes === 500 && pictures.has(picture),
  );
  const lost = (some: readonly Fidelity[]): string =>
    `${((100 * some.reduce((sum, row) => sum + row.lost, 0)) / some.length).toFixed(1)} %`;
  return [
    '### Found again among anchors and after suppression, 500 plain masks, same boxes',
    '',
    ...markdown(
      ['among', 'boxes', 'passes in which a box is lost', 'Pearson / top-5 % IoU to the reference (among anchors)'],
      [
        ['anchors', String(anchors.length), lost(anchors), cell(anchors, 0)],
        ['after suppression', String(nms.length), lost(nms), cell(nms, 0)],
      ],
    ),
    '',
  ];
}

function curveTable({ curves }: FidelityReport): string[] {
  if (curves.length === 0) return [];
  const body = [...new Set(curves.map(({ map }) => map))].map((map) => {
    const own = curves.filter((row) => row.map === map);
    const mean = (key: 'deletion' | 'insertion'): string =>
      (own.reduce((sum, row) => sum + row[key], 0) / own.length).toFixed(3);
    return [map, String(own.length), mean('deletion'), mean('insertion')];
  });
  return [
    '### Deletion and insertion',
    '',
    'Areas over the score of the whole picture, means over boxes of the first picture of each spectrum; less deletion and more insertion',
    'are better.',
    '',
    ...markdown(['map', 'boxes', 'deletion', 'insertion'], body),
    '',
  ];
}

function markdown(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`);
}
