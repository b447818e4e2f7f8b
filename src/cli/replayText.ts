import pc from 'picocolors';
import { carriedBy } from '../replay/fusionTally.js';
import type { ReplaySummary } from '../replay/replaySummary.js';

/** What a replay found, for people. */
export function describeReplay(summary: ReplaySummary): string {
  const { frames, detections, frameSets, partialSets, seconds, framesPerSecond, latency, outputs } = summary;
  const lines = [
    summary.completed ? '' : pc.yellow('Interrupted: the outputs cover the drive up to that moment.'),
    `${String(frameSets)} frame sets (${String(partialSets)} partial) in ${seconds.toFixed(1)} s, ${framesPerSecond.toFixed(1)} frames/s`,
    ...Object.entries(frames).map(([spectrum, counts]) => {
      const classes = Object.entries(detections[spectrum as keyof typeof detections] ?? {})
        .map(([name, count]) => `${String(count)} ${name}`)
        .join(', ');
      const { perceived, received, unusable, dropped } = counts;
      const bad = [unusable > 0 ? `${String(unusable)} unusable` : '', dropped > 0 ? `${String(dropped)} dropped` : '']
        .filter((text) => text !== '')
        .map((text) => pc.yellow(`, ${text}`))
        .join('');
      return `  ${pc.bold(spectrum)}  ${String(perceived)} of ${String(received)} frames${bad}: ${classes || 'nothing detected'}`;
    }),
    ...(summary.fusion ? [describeFusion(summary.fusion)] : []),
    ...(summary.explained ? [describeExplained(summary.explained)] : []),
    ...Object.entries(latency)
      .filter(([stage]) => stage === 'inference' || stage === 'Grad-CAM')
      .map(
        ([stage, { medianMs, p99Ms }]) => `  ${stage}: median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
      ),
    ...summary.troubles.map(({ spectrum, what, count }) => pc.yellow(`  ${spectrum}: ${String(count)} × ${what}`)),
    ...summary.losses.map((loss) => pc.yellow(`  not readable: ${loss}`)),
    ...Object.entries(outputs).map(([what, file]) => `${what.padEnd(10)} ${file}`),
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
