import type { Command } from 'commander';
import { describeBag, type BagDescription } from '../bag/describeBag.js';
import { familyText } from '../detector/capabilities.js';
import { readModelFiles, type ModelManifest } from '../detector/manifest.js';
import { ExpectedError } from '../errors.js';
import type { ManifestOf } from '../detector/manifestSchema.js';
import { printable } from '../printable.js';

interface InfoFlags {
  readonly thorough?: boolean;
  readonly json?: boolean;
}

/** `msal info`: what a model or a bag holds. */
export function register(program: Command): void {
  program
    .command('info')
    .description('what a bag (folder, .mcap, .db3) or a model (manifest .json or .yaml) holds')
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
      if (target.endsWith('.onnx'))
        throw new ExpectedError(
          'usage',
          `${target} is an ONNX file`,
          `\`msal model ${target}\` says what it is and what can be done with it`,
        );
      if (/\.(json|ya?ml)$/.test(target)) {
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

function modelText(manifest: ModelManifest, bytes: number): string {
  const { name, family, spectra, classes, input, sha256 } = manifest;
  const kind = family === 'efficientdet' ? `EfficientDet ${manifest.size}` : familyText(family);
  return `${name}: ${kind}, ${(bytes / 1e6).toFixed(1)} MB, sha256 ${sha256} (the file's own)
  spectra   ${spectra.join(', ')}
  classes   ${classes.join(', ')}
  input     ${String(input.width)}×${String(input.height)}×${String(input.channels)}, ${input.order}, ${input.resize}
${family === 'efficientdet' ? anchorText(manifest.anchors) : ''}`;
}

function anchorText({ minLevel, maxLevel, scales, aspects }: ManifestOf<'efficientdet'>['anchors']): string {
  return `  anchors   levels ${String(minLevel)} to ${String(maxLevel)}, ${String(scales.length)} scales × ${String(aspects.length)} shapes\n`;
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
