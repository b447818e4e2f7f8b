/** A table of text cells, to be written as HTML, Markdown or LaTeX. */
export interface Table {
  /** A file name without extension. */
  readonly name: string;
  readonly caption: string;
  readonly head: readonly string[];
  /** The first `labels` columns are names, the rest figures. */
  readonly labels: number;
  readonly rows: readonly (readonly string[])[];
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it stands in HTML, SVG and in attributes. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

export function tableHtml({ caption, head, labels, rows }: Table): string {
  const cells = (row: readonly string[], header: boolean): string =>
    row
      .map((text, i) => {
        const tag = header || i < labels ? 'th' : 'td';
        const scope = header ? ' scope="col"' : i < labels ? ' scope="row"' : '';
        return `<${tag}${scope}>${escapeMarkup(text)}</${tag}>`;
      })
      .join('');
  const body = rows.map((row) => `<tr>${cells(row, false)}</tr>`).join('\n');
  return `<div class="wide"><table><caption>${escapeMarkup(caption)}</caption>
<thead><tr>${cells(head, true)}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
}

export function tableMarkdown({ caption, head, labels, rows }: Table): string {
  const line = (row: readonly string[]): string => `| ${row.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, i) => (i < labels ? '---' : '---:'));
  return `${[`${caption}`, '', line(head), line(rule), ...rows.map(line)].join('\n')}\n`;
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '{': '\\{',
  '}': '\\}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '↓': '$\\downarrow$',
  '↑': '$\\uparrow$',
  '−': '$-$',
  '÷': '$\\div$',
  '≤': '$\\leq$',
  '×': '$\\times$',
  '“': '``',
  '”': "''",
  '’': "'",
  '–': '--',
};

/** A `tabular` with booktabs rules in a `table`. */
export function tableLatex({ name, caption, head, labels, rows }: Table): string {
  const escape = (text: string): string => text.replace(/[\\&%$#_{}~^±↓↑−÷≤×“”’–]/g, (c) => LATEX[c] ?? c);
  const line = (row: readonly string[]): string => `  ${row.map(escape).join(' & ')} \\\\`;
  return `${[
    '\\begin{table}',
    '\\centering',
    `\\caption{${escape(caption)}}`,
    `\\label{tab:${name}}`,
    `\\begin{tabular}{${'l'.repeat(labels)}${'r'.repeat(head.length - labels)}}`,
    '  \\toprule',
    line(head),
    '  \\midrule',
    ...rows.map(line),
    '  \\bottomrule',
    '\\end{tabular}',
    '\\end{table}',
  ].join('\n')}\n`;
}
