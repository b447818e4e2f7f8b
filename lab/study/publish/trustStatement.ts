import type { Estimate } from '../../numbers/groupBootstrap.js';
import type { TrustResults, TrustRow } from '../trust/results.js';
import { between, decimal } from './format.js';

/** Fewer drives make intervals rough. */
const FEW_DRIVES = 20;

/**
 * What the numbers say, in paragraphs. A figure may be called trust where it adds to the score, and where what it adds is more than
 * size, class and spectrum of the box would.
 */
export function trustStatement(results: TrustResults): string[] {
  const { rows, networks, drives, rawScore, settings, unanswered } = results;
  const sum = (of: (network: (typeof networks)[number]) => number): number =>
    networks.reduce((total, network) => total + of(network), 0);
  const paragraphs = [
    `${sum((n) => n.trueDetections)} true and ${sum((n) => n.falseDetections)} false detections with a score of at least ` +
      `${settings.minimumScore} in ${sum((n) => n.pictures)} pictures of ${drives} ${drives === 1 ? 'drive' : 'drives'}` +
      (rawScore
        ? `. **The score alone** tells them apart with an AUROC of ${withInterval(rawScore.auroc)}; taken as a probability it has a ` +
          `Brier score of ${withInterval(rawScore.brier)} and a calibration error of ${withInterval(rawScore.calibrationError)}.`
        : '. Without both kinds there is no answer.'),
  ];
  if (rows.length === 0) return paragraphs;
  const singles = rows.filter(({ figures }) => figures.length === 1);
  const several = rows.filter(({ figures }) => figures.length > 1);
  const trusted = singles.filter(isTrust);
  const explained = singles.filter((row) => row.gain.adds && !row.gainBeyondContext.adds);
  const useless = singles.filter((row) => !row.gain.adds);
  paragraphs.push(
    trusted.length > 0
      ? `**What adds to the score, also beside size, class and spectrum of the box, and so may be called trust**: ${gains(trusted)}.`
      : '**No figure adds anything to the score, beside size, class and spectrum of the box, that could be shown. None may be called trust.**',
  );
  if (explained.length > 0)
    paragraphs.push(
      `Better than the score alone, but not shown to add anything once size, class and spectrum of the box are known: ${gains(explained)}.`,
    );
  if (useless.length > 0) paragraphs.push(`Not shown to add anything to the score: ${gains(useless)}.`);
  const groups = several.filter(isTrust);
  if (several.length > 0)
    paragraphs.push(
      groups.length > 0
        ? `Several together that add: ${gains(groups)}.`
        : 'No figures together add anything that could be shown.',
    );
  if (singles.some(({ name, gain }) => name === 'noise' && gain.adds))
    paragraphs.push('**Even the random number seems to add something here: nothing on this page can be relied on.**');
  if (unanswered.length > 0)
    paragraphs.push(`Not known for both true and false detections, so without an answer: ${unanswered.join('; ')}.`);
  if (drives < FEW_DRIVES)
    paragraphs.push(
      `With ${drives} drives the intervals are rough, and a test over so few can hardly show small gains.`,
    );
  return paragraphs;
}

/** Whether a row's figures may be called trust. */
export function isTrust({ gain, gainBeyondContext, figures }: TrustRow): boolean {
  return gain.adds && gainBeyondContext.adds && !figures.every((name) => YARDSTICKS.includes(name));
}

/** Figures that are there to be compared with. */
const YARDSTICKS = ['boxShare', 'noise'];

function gains(rows: readonly TrustRow[]): string {
  return rows
    .toSorted((a, b) => b.gain.auroc.value - a.gain.auroc.value)
    .map(({ label, gain }) => `${label} (${signed(gain.auroc.value)}, ${between(gain.auroc.interval, 3)})`)
    .join('; ');
}

function withInterval({ value, interval }: Estimate): string {
  return `${decimal(value, 3)} (${between(interval, 3)})`;
}

function signed(value: number): string {
  return value > 0 ? `+${decimal(value, 3)}` : decimal(value, 3);
}
