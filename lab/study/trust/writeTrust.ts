import path from 'node:path';
import { writeOutput } from '../../../src/files/atomicWrite.js';
import type { Provenance } from '../provenance.js';
import { tableMarkdown, type Table } from '../publish/table.js';
import { trustCharts } from '../publish/trustCharts.js';
import { trustPage } from '../publish/trustPage.js';
import {
  calibrationTable,
  contextTable,
  gainsTable,
  slicesTable,
  trustLegendTable,
  trustNetworksTable,
} from '../publish/trustTables.js';
import type { JudgingOptions } from '../resumable.js';
import type { TrustPlan } from './plan.js';
import type { TrustRecord } from './record.js';
import { trustResults, type TrustResults } from './results.js';
import { trustValuesCsv } from './valuesCsv.js';

/**
 * Writes the answers of a complete run: `results.json`, `values.csv`, `tables/*.md` (the same bytes for the same plan),
 * `provenance.json`, `figures/*.svg` and the page, `README.md`.
 * @throws ExpectedError `output`
 */
export async function writeTrust(
  folder: string,
  plan: TrustPlan,
  records: readonly TrustRecord[],
  provenance: Provenance,
  judging: JudgingOptions = {},
): Promise<TrustResults> {
  const { results, samples } = await trustResults(plan, records, judging);
  const figures = trustCharts(results);
  const tables: Table[] = [
    ...[gainsTable, contextTable, calibrationTable, slicesTable, trustNetworksTable].map((make) => make(results)),
    trustLegendTable(),
  ].filter(({ rows }) => rows.length > 0);
  const put = (name: string, content: string): Promise<void> => writeOutput(path.join(folder, name), content);
  await put('results.json', `${JSON.stringify(results, null, 1)}\n`);
  await put('values.csv', trustValuesCsv(samples));
  await put('provenance.json', `${JSON.stringify(provenance, null, 1)}\n`);
  for (const { name, svg } of figures) await put(`figures/${name}.svg`, svg);
  for (const table of tables) await put(`tables/${table.name}.md`, tableMarkdown(table));
  await put('README.md', trustPage(results, figures, tables, provenance));
  return results;
}
