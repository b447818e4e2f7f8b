import { type Table, tableMarkdown } from '../study/publish/table.js';
import { decimal, NOTHING } from '../study/publish/format.js';
import { BLOB, RANDOM } from './measure.js';
import { CARD_PASSES, REASON_METHODS } from './methods.js';
import { BOX_SIZES, REASON_KINDS } from './reasons.js';
import type { ReasonRecord, ReasonRow } from './record.js';

/** The score card of a run. */
export interface ReasonsCard {
  readonly cases: number;
  readonly tables: readonly Table[];
}

type Figure = Exclude<keyof ReasonRow, 'method' | 'passes'>;

/** Rows of the tables: the baselines, then every method with all of its numbers of passes. */
function contestants(): readonly { readonly method: string; readonly passes: number; readonly label: string }[] {
  return [
    { method: BLOB, passes: 0, label: BLOB },
    { method: RANDOM, passes: 500, label: RANDOM },
    ...REASON_METHODS.flatMap(({ name, passes }) =>
      passes.map((count) => ({ method: name, passes: count, label: `${name}, ${count}` })),
    ),
  ];
}

/** Mean over cases of a figure; undefined where no case has it. */
export function meanFigure(
  records: readonly ReasonRecord[],
  method: string,
  passes: number,
  figure: Figure,
): number | undefined {
  const values = records.flatMap(({ rows }) => {
    const value = rows.find((row) => row.method === method && row.passes === passes)?.[figure];
    return value === null || value === undefined ? [] : [value];
  });
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}

export function reasonsCard(records: readonly ReasonRecord[]): ReasonsCard {
  const cell = (of: readonly ReasonRecord[], method: string, passes: number, ...figures: Figure[]): string =>
    figures
      .map((figure) => meanFigure(of, method, passes, figure))
      .map((value) => (value === undefined ? NOTHING : decimal(value)))
      .join(' / ');
  const kinds = REASON_KINDS.map((kind) => ({ name: kind, of: records.filter((record) => record.kind === kind) }));
  const sizes = BOX_SIZES.map((size) => ({ name: size, of: records.filter((record) => record.size === size) }));
  const groups = [{ name: 'all', of: records }, ...kinds];
  const table = (name: string, caption: string, columns: typeof groups, ...figures: Figure[]): Table => ({
    name,
    caption,
    labels: 1,
    head: ['map, passes', ...columns.map((column) => column.name)],
    rows: contestants().map(({ method, passes, label }) => [
      label,
      ...columns.map(({ of }) => cell(of, method, passes, ...figures)),
    ]),
  });
  return {
    cases: records.length,
    tables: [
      table('pearson', 'Pearson with the exact map', [...groups, ...sizes], 'pearson'),
      table(
        'place',
        'The hottest 5 % in common with the exact map / the true places among as many of the hottest pixels',
        groups,
        'top5',
        'place',
      ),
      table('rise', 'Share of the true rise at the box / at the cue', groups, 'box', 'cue'),
      table('peak', 'Share of maps whose peak lies within a cell of the exact one', groups, 'peak'),
      {
        name: 'coverage',
        caption:
          'Share of pixels whose exact value lies within 1.96 standard errors, at box and places / elsewhere; and convergence less the true Pearson',
        labels: 1,
        head: ['map', ...CARD_PASSES.map(String), ...CARD_PASSES.map((passes) => `convergence − r, ${passes}`)],
        rows: REASON_METHODS.map(({ name }) => [
          name,
          ...CARD_PASSES.map((passes) => cell(records, name, passes, 'coveredAtPlaces', 'coveredElsewhere')),
          ...CARD_PASSES.map((passes) => {
            const claimed = meanFigure(records, name, passes, 'convergence');
            const real = meanFigure(records, name, passes, 'pearson');
            return claimed === undefined || real === undefined ? NOTHING : decimal(claimed - real);
          }),
        ]),
      },
    ],
  };
}

export function cardMarkdown({ cases, tables }: ReasonsCard): string {
  return [
    `${cases} planted cases; means over them.`,
    ...tables.map((table) => `\n**${table.name}.** ${tableMarkdown(table)}`),
  ].join('\n');
}
