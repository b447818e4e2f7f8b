import { encodeJpeg } from '../../../src/images/encode.js';
import { paintOverlay } from '../../../src/images/overlay.js';
import type { StudyPlan } from '../plan.js';
import type { MeasuredRecord } from '../record.js';
import type { StudyResults } from '../results.js';
import { readPicture } from '../run.js';
import { mapOfThumbnail } from '../thumbnail.js';
import { fileName, FONT, type Figure } from './charts.js';
import { namesOf, type Names } from './names.js';
import { escapeMarkup } from './table.js';

const CELL_WIDTH = 230;
const GAP = 6;
const HEAD = 24;
const SIDE = 92;
const JPEG_QUALITY = 82;

/** A picture whose maps were kept. */
interface KeptPicture {
  readonly record: MeasuredRecord;
  readonly file: Parameters<typeof readPicture>[0];
}

/** The study's picture figures: 1, 3, 4, and 10 and 11, as far as the run has networks and methods for them. */
export async function pictureFigures(
  plan: StudyPlan,
  results: StudyResults,
  records: readonly MeasuredRecord[],
): Promise<Figure[]> {
  const names = namesOf(results);
  const kept = keptPictures(plan, records);
  if (kept.length === 0) return [];
  const all = plan.settings.methods.map(({ name }) => name);
  const isVariant = (name: string): boolean => name === 'grad-cam-usual' || name === 'grad-cam-none';
  const main = all.filter((name) => !isVariant(name));
  const several = (record: MeasuredRecord): boolean => (spectraOf(results, record.network)?.length ?? 0) > 1;
  const best = kept.toSorted((a, b) => rank(b.record) - rank(a.record));
  const figures: Figure[] = [
    await grid(names, {
      name: 'maps-example',
      caption: 'A detected box and its maps (the study’s figure 1).',
      rows: best.slice(0, 1),
      methods: main,
    }),
  ];
  const single = results.networks.flatMap(
    ({ network }) => best.find(({ record }) => record.network === network && !several(record)) ?? [],
  );
  if (single.length > 0)
    figures.push(
      await grid(names, {
        name: 'maps-single-spectrum',
        caption: 'Networks trained on one spectrum (figure 3).',
        rows: single,
        methods: main,
      }),
    );
  const joint = best.filter(({ record }) => several(record));
  if (joint.length > 0)
    figures.push(
      await grid(names, {
        name: 'maps-several-spectra',
        caption: 'Networks trained on several spectra (figure 4).',
        rows: firstOfEachSpectrum(joint),
        methods: main,
      }),
    );
  const variants = all.filter((name) => name === 'grad-cam' || isVariant(name));
  if (variants.length > 1)
    figures.push(
      await grid(names, {
        name: 'maps-relu',
        caption: 'Grad-CAM with and without the ReLU (figures 10 and 11); negative values are not shown.',
        rows: [...single, ...firstOfEachSpectrum(joint)],
        methods: variants,
      }),
    );
  for (const { network } of results.networks) {
    const rows = kept.filter(({ record }) => record.network === network);
    if (rows.length > 1)
      figures.push(
        await grid(names, {
          name: `maps-${fileName(network)}`,
          caption: `Pictures of the ${names.network(network)} network.`,
          rows,
          methods: all,
        }),
      );
  }
  return figures;
}

function keptPictures(plan: StudyPlan, records: readonly MeasuredRecord[]): KeptPicture[] {
  return records.flatMap((record): KeptPicture[] => {
    const planned = plan.pictures.find(
      ({ network, spectrum, image }) =>
        plan.networks[network].manifest.name === record.network &&
        spectrum === record.spectrum &&
        image.id === record.image,
    );
    const hasMaps = Object.values(record.methods).every(({ thumbnail }) => thumbnail);
    return planned && hasMaps ? [{ record, file: planned.image }] : [];
  });
}

function spectraOf(results: StudyResults, name: string): readonly string[] | undefined {
  return results.networks.find(({ network }) => network === name)?.spectra;
}

/** Right boxes first, then by score. */
function rank({ target }: MeasuredRecord): number {
  return target.score + (target.correct ? 1 : 0);
}

function firstOfEachSpectrum(pictures: readonly KeptPicture[]): KeptPicture[] {
  const keys = pictures.map(({ record }) => `${record.network} ${record.spectrum}`);
  return pictures.filter((_, i) => keys.indexOf(keys[i]) === i);
}

interface GridContent {
  readonly name: string;
  readonly caption: string;
  readonly rows: readonly KeptPicture[];
  readonly methods: readonly string[];
}

/** A row for each picture: the box, then the map of every method. */
async function grid(names: Names, { name, caption, rows, methods }: GridContent): Promise<Figure> {
  const width = SIDE + (methods.length + 1) * (CELL_WIDTH + GAP);
  const parts: string[] = [];
  const text = (x: number, y: number, words: string, more = ''): void => {
    parts.push(`<text x="${x}" y="${y}"${more}>${escapeMarkup(words)}</text>`);
  };
  ['Box', ...methods.map((method) => names.method(method))].forEach((title, column) =>
    text(SIDE + column * (CELL_WIDTH + GAP) + CELL_WIDTH / 2, 16, title, ' text-anchor="middle"'),
  );
  let y = HEAD;
  for (const { record, file } of rows) {
    const { pixels, size } = await readPicture(file);
    const height = Math.round((CELL_WIDTH * size.height) / size.width);
    text(0, y + 16, names.network(record.network), ' font-weight="bold"');
    text(0, y + 32, `${record.spectrum.toUpperCase()} picture`);
    text(0, y + 48, record.time ?? '');
    text(0, y + 64, record.target.className);
    text(0, y + 80, `score ${record.target.score.toFixed(2)}`);
    const picture = { width: size.width, height: size.height, channels: 3 as const, data: Uint8Array.from(pixels) };
    [undefined, ...methods].forEach((method, column) => {
      const thumbnail = method === undefined ? undefined : record.methods[method]?.thumbnail;
      const map = thumbnail && mapOfThumbnail(thumbnail);
      const item = {
        box: record.target.box,
        classIndex: 0,
        className: record.target.className,
        score: record.target.score,
      };
      const painted = paintOverlay(picture, [{ ...item, ...(map && { map }) }], { labels: false });
      const address = `data:image/jpeg;base64,${Buffer.from(encodeJpeg(painted, JPEG_QUALITY)).toString('base64')}`;
      const x = SIDE + column * (CELL_WIDTH + GAP);
      parts.push(`<image x="${x}" y="${y}" width="${CELL_WIDTH}" height="${height}" href="${address}"/>`);
    });
    y += Math.max(height, 88) + GAP;
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" font-family="${FONT}" font-size="12" fill="#1b1f24"><title>${escapeMarkup(caption)}</title><rect width="${width}" height="${y}" fill="white"/>${parts.join('')}</svg>\n`;
  return { name, caption, svg };
}
