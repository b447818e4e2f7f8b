import type { Provenance } from '../provenance.js';
import type { StudyResults } from '../results.js';
import type { Figure } from './charts.js';
import { COMPARABILITY } from './publishedTable.js';
import { escapeMarkup, tableHtml } from './table.js';
import {
  agreementTable,
  comparisonsTable,
  figuresTable,
  legendTable,
  networkCountsTable,
  networksTable,
  tableTwo,
} from './tables.js';

const STYLE = `
:root { color-scheme: light; font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif; color: #1b1f24; background: #fff; }
body { max-width: 76rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { margin-top: 2.5rem; font-size: 1.2rem; border-bottom: 1px solid #d5d9dd; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.87rem; }
caption { text-align: left; padding: 0.4rem 0; color: #454c54; max-width: 60rem; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid #e4e7ea; } td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { text-align: left; font-weight: 600; } tbody th { font-weight: 400; }
thead th { border-bottom: 2px solid #1b1f24; vertical-align: bottom; }
figure { margin: 1.2rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: #454c54; font-size: 0.87rem; } .note { background: #f4f6f8; border-left: 4px solid #0072b2; padding: 0.7rem 1rem; }
dt { font-weight: 600; } dd { margin: 0 0 0.4rem; overflow-wrap: anywhere; } code { overflow-wrap: anywhere; } nav a { margin-right: 1rem; }
@media print { .wide, figure { overflow: visible; } }
`;

/** Everything on one page that needs no network and no script. */
export function studyPage(results: StudyResults, figures: readonly Figure[], provenance: Provenance): string {
  const named = (test: (name: string) => boolean): string =>
    figures
      .filter(({ name }) => test(name))
      .map(({ name, caption, svg }) => figureHtml(name, caption, svg))
      .join('\n');
  const sections: (readonly [id: string, title: string, content: string])[] = [
    [
      'table',
      'Table 2',
      `${named((name) => name === 'overview')}<p class="note">${escapeMarkup(COMPARABILITY)}</p>${tableHtml(tableTwo(results))}`,
    ],
    ['differences', 'Which differences are real', differencesHtml(results)],
    ['curves', 'Curves', named((name) => name.startsWith('curves-'))],
    ['maps', 'Maps', named((name) => name.startsWith('maps-'))],
    ['figures', 'All figures', `${tableHtml(figuresTable(results))}${tableHtml(legendTable(results))}`],
    ['agreement', 'Agreement between methods', results.agreement.length > 0 ? tableHtml(agreementTable(results)) : ''],
    ['how', 'How it was measured', `${tableHtml(networkCountsTable(results))}${howHtml(results, provenance)}`],
  ];
  const filled = sections.filter(([, , content]) => content !== '');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Saliency maps of a multispectral detector</title><style>${STYLE}</style></head><body>
<h1>Saliency maps of a multispectral detector</h1>
<nav>${filled.map(([id, title]) => `<a href="#${id}">${title}</a>`).join('')}</nav>
${filled.map(([id, title, content]) => `<section id="${id}"><h2>${title}</h2>\n${content}\n</section>`).join('\n')}
</body></html>
`;
}

function figureHtml(name: string, caption: string, svg: string): string {
  return `<figure id="figure-${name}">${svg.trim()}<figcaption>${escapeMarkup(caption)}</figcaption></figure>`;
}

function differencesHtml(results: StudyResults): string {
  const tables = [
    ...(results.comparisons.length > 0 ? [comparisonsTable(results)] : []),
    ...(results.networkComparisons.length > 0 ? [networksTable(results)] : []),
  ];
  return tables.map(tableHtml).join('\n');
}

function howHtml({ settings, identity }: StudyResults, provenance: Provenance): string {
  const { curves, stability } = settings;
  const entries: (readonly [string, string])[] = [
    ['Target', 'the box with the highest score of each picture, as in the study; at least 0.05'],
    [
      'Finding the target again',
      `among ${curves.rule.among === 'nms' ? 'the detections after non-maximum suppression' : 'all anchors'} with score ≥ ${curves.rule.scoreThreshold} and IoU ≥ ${curves.rule.iouThreshold}, the one with the highest IoU; its score is the probability of the target’s class, 0 where none is found`,
    ],
    [
      'Curves',
      `${curves.steps} steps of equally many pixels at the resolution of the network’s input, area by the trapezium rule`,
    ],
    ['Deletion', `a removed pixel becomes ${curves.removed === 'black' ? 'black' : 'the picture’s mean colour'}`],
    ['Insertion', `starts from the picture blurred by a Gaussian of ${curves.blurSigma} pixels of the input`],
    ['Equally important pixels', curves.ties === 'random' ? 'in random order' : 'from the top left'],
    [
      'Intervals and tests',
      '95 % percentile bootstrap (10,000 times) and sign-flip test, by drives; Holm’s correction',
    ],
    [
      'Stability',
      stability
        ? `pictures moved by ${stability.shift} pixels, and with noise of ${stability.noise} grey levels`
        : 'not asked in this run',
    ],
    ['Seed', String(settings.seed)],
    ['Methods', settings.methods.map(({ name, settings: own }) => `${name}: ${JSON.stringify(own)}`).join('; ')],
    ['Identity of this run', identity],
    ...Object.entries(provenance),
  ];
  return `<dl>${entries.map(([term, text]) => `<dt>${escapeMarkup(term)}</dt><dd>${escapeMarkup(text)}</dd>`).join('\n')}</dl>`;
}
