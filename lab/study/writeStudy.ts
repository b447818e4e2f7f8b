import path from 'node:path';
import { writeOutput } from '../../src/files/atomicWrite.js';
import { curvesCsv, valuesCsv } from './csv.js';
import type { StudyPlan } from './plan.js';
import type { Provenance } from './provenance.js';
import type { StudyRecord } from './record.js';
import { curveFigures, overviewFigure, type Figure } from './publish/charts.js';
import { studyPage } from './publish/page.js';
import { pictureFigures } from './publish/pictureGrid.js';
import { rasterise } from './publish/raster.js';
import { tableLatex, tableMarkdown, type Table } from './publish/table.js';
import {
  agreementTable,
  comparisonsTable,
  figuresTable,
  legendTable,
  networkCountsTable,
  networksTable,
  tableTwo,
} from './publish/tables.js';
import { isMeasured, studyResults, type StudyResults } from './results.js';

const PNG_WIDTH = 1600;

/**
 * Writes the results and the report of a complete run: `results.json`, `values.csv`, `curves.csv` (the same bytes for the same
 * plan), `provenance.json`, `report.html`, `figures/*.svg` and `*.png`, `tables/*.md` and `*.tex`.
 * @param folder is there
 * @throws ExpectedError `output`, and `input` where a picture of the figures can no longer be read
 */
export async function writeStudy(
  folder: string,
  plan: StudyPlan,
  records: readonly StudyRecord[],
  provenance: Provenance,
): Promise<StudyResults> {
  const results = studyResults(plan, records);
  const measured = records.filter(isMeasured);
  const figures: Figure[] = measured.length > 0 ? [overviewFigure(results), ...curveFigures(results)] : [];
  figures.push(...(await pictureFigures(plan, results, measured)));
  const put = (name: string, content: string | Uint8Array): Promise<void> =>
    writeOutput(path.join(folder, name), content);
  await put('results.json', `${JSON.stringify(results, null, 1)}\n`);
  await put('values.csv', valuesCsv(records));
  await put('curves.csv', curvesCsv(records, plan.settings.curves.steps));
  await put('provenance.json', `${JSON.stringify(provenance, null, 1)}\n`);
  for (const { name, svg } of figures) {
    await put(`figures/${name}.svg`, svg);
    await put(`figures/${name}.png`, rasterise(svg, PNG_WIDTH));
  }
  for (const table of tablesOf(results)) {
    await put(`tables/${table.name}.md`, tableMarkdown(table));
    await put(`tables/${table.name}.tex`, tableLatex(table));
  }
  await put('report.html', studyPage(results, figures, provenance));
  return results;
}

function tablesOf(results: StudyResults): Table[] {
  const tables = [
    ...[tableTwo, figuresTable, legendTable, networkCountsTable],
    ...[comparisonsTable, networksTable, agreementTable],
  ];
  return tables.map((make) => make(results)).filter(({ rows }) => rows.length > 0);
}
