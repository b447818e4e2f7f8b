import pc from 'picocolors';
import { carriedBy } from '../replay/fusionTally.js';
import { printableLine } from '../printable.js';
import type { ReplaySummary } from '../replay/replaySummary.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';

/** Troubles and losses that are printed one by one, each; the summary file has them all. */
const MOST_PRINTED = 12;
/** Characters of one of them that are printed. */
const LONGEST_PRINTED = 400;

/** What a replay found, for people. */
export function describeReplay(summary: ReplaySummary): string {
  const { frameSets, partialSets, seconds, framesPerSecond, latency, outputs, clockJumps } = summary;
  const jumps = clockJumps > 0 ? pc.yellow(`, ${String(clockJumps)} clock jumps`) : '';
  const lines = [
    summary.completed ? '' : pc.yellow('Interrupted: the outputs cover the drive up to that moment.'),
    `${String(frameSets)} frame sets (${String(partialSets)} partial${jumps}) in ${seconds.toFixed(1)} s, ${framesPerSecond.toFixed(1)} frames/s`,
    ...SPECTRA.flatMap((spectrum) => describeBand(summary, spectrum)),
    ...(summary.fusion ? [describeFusion(summary.fusion)] : []),
    ...(summary.explained ? [describeExplained(summary.explained)] : []),
    ...Object.entries(latency)
      .filter(([stage]) => stage === 'inference' || stage === 'Grad-CAM')
      .map(
        ([stage, { medianMs, p99Ms }]) => `  ${stage}: median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
      ),
    ...warnings(
      summary.troubles.map(({ spectrum, what, count }) => `${spectrum}: ${String(count)} × ${what}`),
      'kinds of trouble',
    ),
    ...warnings(
      summary.losses.map((loss) => `not readable: ${loss}`),
      'places that are not readable',
    ),
    ...warnings(
      summary.otherImageTopics.map((topic) => `no band takes ${topic}; a configuration can say which one it is`),
      'image topics that no band takes',
    ),
    ...describeNotCopied(summary),
    ...Object.entries(outputs).map(([what, file]) => `${what.padEnd(10)} ${printableLine(file)}`),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function describeExplained({
  method,
  sets,
  images,
  boxes,
  passes,
  seconds,
}: NonNullable<ReplaySummary['explained']>): string {
  return `  ${pc.bold('explained')}  ${boxes} boxes of ${images} images in ${sets} frame sets by ${method}, ${passes} passes in ${seconds.toFixed(1)} s`;
}

function describeBand({ frames, detections, topics }: ReplaySummary, spectrum: Spectrum): string[] {
  const counts = frames[spectrum];
  if (counts === undefined) return [];
  const { perceived, received, unusable, dropped } = counts;
  const bad = [unusable > 0 ? `${String(unusable)} unusable` : '', dropped > 0 ? `${String(dropped)} dropped` : '']
    .filter((text) => text !== '')
    .map((text) => pc.yellow(`, ${text}`))
    .join('');
  const classes = Object.entries(detections[spectrum] ?? {})
    .map(([name, count]) => `${String(count)} ${printableLine(name)}`)
    .join(', ');
  const topic = printableLine(topics[spectrum] ?? '');
  return [
    `  ${pc.bold(spectrum)}  ${topic}: ${String(perceived)} of ${String(received)} frames${bad}: ${classes || 'nothing detected'}`,
  ];
}

function describeNotCopied({ notCopied }: ReplaySummary): string[] {
  const counts = Object.values(notCopied);
  if (counts.length === 0) return [];
  const messages = counts.reduce((sum, count) => sum + count, 0);
  return [
    pc.yellow(
      `  left out: ${String(messages)} older messages on ${String(counts.length)} topics that this replay writes itself`,
    ),
  ];
}

/** A first few of a list, one a line, and how many there are beyond them. */
function warnings(list: readonly string[], what: string): string[] {
  const shown = list
    .slice(0, MOST_PRINTED)
    .map((text) => (text.length > LONGEST_PRINTED ? `${text.slice(0, LONGEST_PRINTED)}…` : text));
  const more = list.length - shown.length;
  return [...shown, ...(more > 0 ? [`${String(more)} more ${what}: see the summary`] : [])].map((text) =>
    pc.yellow(`  ${printableLine(text)}`),
  );
}

function describeFusion({
  detections,
  supportedBy,
  agreement,
  contributions,
}: NonNullable<ReplaySummary['fusion']>): string {
  const total = Object.values(detections).reduce((sum, count) => sum + count, 0);
  const several = supportedBy.slice(1).reduce((sum, count) => sum + count, 0);
  const agreed = agreement === undefined ? '' : `, bands agree by ${(100 * agreement).toFixed(0)} %`;
  const carried = total > 0 ? `\n         ${carriedBy(contributions)}` : '';
  return `  ${pc.bold('fused')}  ${String(total)} detections, ${String(several)} of them supported by several bands${agreed}${carried}`;
}
