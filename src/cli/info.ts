import type { Command } from 'commander';
import { describeBag, type BagDescription } from '../bag/describeBag.js';
import { readModelFiles, type ModelManifest } from '../detector/manifest.js';
import { printable } from '../printable.js';

interface InfoFlags {
  readonly thorough?: boolean;
  readonly json?: boolean;
}

/** `msal info`: what a model or a bag holds. */
export function register(program: Command): void {
  program
    .command('info')
    .description('what a bag (folder, .mcap, .db3) or a model (manifest .json) holds')
    .argument('<path>', 'bag or model manifest')
    .option('--thorough', 'read every message of a bag, so that damage shows and counts are exact')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ msal info drive/
  $ msal info drive.mcap --thorough --json
  $ msal info models/efficientdet-d0-fir.json`,
    )
    .action(async (target: string, { thorough = false, json = false }: InfoFlags) => {
      if (target.endsWith('.json')) {
        const { manifest, bytes } = await readModelFiles(target);
        process.stdout.write(
          json ? `${JSON.stringify(manifest, undefined, 2)}\n` : printable(modelText(manifest, bytes.byteLength)),
        );
      } else {
        const description = await describeBag(target, thorough);
        process.stdout.write(json ? `${JSON.stringify(description, undefined, 2)}\n` : printable(bagText(description)));
      }
    });
}

function modelText({ name, size, spectra, classes, input, sha256, anchors }: ModelManifest, bytes: number): string {
  return `${name}: EfficientDet ${size}, ${(bytes / 1e6).toFixed(1)} MB, sha256 ${sha256} (checked)
  spectra   ${spectra.join(', ')}
  classes   ${classes.join(', ')}
  input     ${String(input.width)}×${String(input.height)}×${String(input.channels)}, ${input.resize}
  anchors   levels ${String(anchors.minLevel)} to ${String(anchors.maxLevel)}, ${String(anchors.scales.length)} scales × ${String(anchors.aspects.length)} shapes
`;
}

function bagText(bag: BagDescription): string {
  const width = Math.max(0, ...bag.topics.map(({ name }) => name.length));
  const topics = bag.topics.map(({ name, type, messages, rate }) => {
    const perSecond = rate === null ? '' : `, ${rate.toFixed(1)}/s`;
    return `  ${name.padEnd(width)}  ${type}, ${String(messages)} messages${perSecond}\n`;
  });
  const losses = bag.losses.map((loss) => `  not readable: ${loss}\n`);
  const compression = bag.compressions.length > 0 ? bag.compressions.join(', ') : 'no compression';
  return `${bag.path}: ${bag.storage}, ${String(bag.files.length)} file(s), ${compression}, ${String(bag.messages)} messages in ${bag.seconds.toFixed(1)} s
${bag.start === null ? '' : `  from ${bag.start} to ${bag.end ?? ''}\n`}${topics.join('')}${losses.join('')}`;
}
