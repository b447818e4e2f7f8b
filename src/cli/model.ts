import type { Command } from 'commander';
import { readFile, writeFile } from 'node:fs/promises';
import { InvalidArgumentError, Option } from 'commander';
import { capabilitiesOf, familyText } from '../detector/capabilities.js';
import { draftManifest, type ModelDraft } from '../detector/draftManifest.js';
import { FAMILIES } from '../detector/families/index.js';
import { readOnnxFile } from '../detector/manifest.js';
import type { FamilyName } from '../detector/manifestSchema.js';
import { manifestYaml } from '../detector/manifestYaml.js';
import { shapeText, type TensorInfo } from '../detector/modelTensors.js';
import { openDetector } from '../detector/openDetector.js';
import { ExpectedError } from '../errors.js';
import { namingOutput } from '../outputError.js';
import { printable } from '../printable.js';

interface ModelFlags {
  readonly write?: string | true;
  readonly family?: FamilyName;
  readonly size?: { readonly width: number; readonly height: number };
  readonly classes?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** `msal model`: what an ONNX file is, and its manifest. */
export function register(program: Command): void {
  program
    .command('model')
    .description('what an ONNX file is, what can be done with it, and a manifest for it')
    .argument('<file>', 'ONNX file of a detector')
    .option('-w, --write [manifest]', 'write a commented manifest, <file>.yaml if no other name is given')
    .option('--overwrite', 'replace a manifest that is there already')
    .addOption(
      new Option('--family <name>', 'in place of what the tensors speak for').choices(FAMILIES.map(({ name }) => name)),
    )
    .option('--size <width>x<height>', 'pixels of the input, where the file leaves them open', sizeOf)
    .option('--classes <file>', 'names of the classes, one a line, in the order of the outputs')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The manifest is needed only where the tensors cannot tell everything, or where something assumed is wrong: then correct
it and name it with --model. docs/models.md describes every field.

Examples:
  $ msal model yolo11n.onnx
  $ msal model mine.onnx --classes names.txt --write
  $ msal detect street.png --model mine.onnx && msal explain street.png --model mine.onnx -o why`,
    )
    .action(async (file: string, flags: ModelFlags) => {
      if (!file.endsWith('.onnx'))
        throw new ExpectedError(
          'usage',
          `${file} is no .onnx file`,
          'give the ONNX file; `msal info` shows manifests and bags',
        );
      const bytes = await readOnnxFile(file);
      const classes = flags.classes === undefined ? undefined : await namesIn(flags.classes);
      const draft = await draftManifest(bytes, file, { family: flags.family, size: flags.size, classes });
      const written = flags.write === undefined ? undefined : await write(draft, file, flags);
      process.stdout.write(
        flags.json === true ? `${JSON.stringify(summary(draft), undefined, 2)}\n` : printable(describe(file, draft)),
      );
      if (written === undefined) return;
      process.stdout.write(printable(`written to ${written}\n`));
      // A manifest that is complete must also be true.
      if (draft.manifest !== undefined) await (await openDetector(written)).close();
    });
}

function sizeOf(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(text) ?? [];
  if (width === undefined || height === undefined) throw new InvalidArgumentError('it has to be like 640x640.');
  return { width: Number(width), height: Number(height) };
}

async function namesIn(file: string): Promise<string[]> {
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
    return lines.filter((line) => line !== '');
  } catch (cause) {
    throw new ExpectedError(
      'usage',
      `cannot read ${file}: ${(cause as Error).message}`,
      'give a text file with one name a line',
      {
        cause,
      },
    );
  }
}

async function write(
  draft: ModelDraft,
  file: string,
  { write: wanted, overwrite = false }: ModelFlags,
): Promise<string> {
  const target = typeof wanted === 'string' ? wanted : `${file.slice(0, -'.onnx'.length)}.yaml`;
  if (draft.fields === undefined)
    throw new ExpectedError(
      'model',
      `no family recognises ${file}, so that no manifest can be written`,
      'name one with --family if you know better; docs/models.md has their layouts',
    );
  await namingOutput(target, () => writeFile(target, manifestYaml(draft), { flag: overwrite ? 'w' : 'wx' }));
  return target;
}

function describe(file: string, draft: ModelDraft): string {
  const { tensors, families, fields, assumed, asks, manifest } = draft;
  const list = (kind: string, infos: readonly TensorInfo[]): string =>
    infos.map((info) => `  ${kind} ${info.name}  ${shapeText(info)}\n`).join('');
  const shown = `${list('input ', tensors.inputs)}${list('output', tensors.outputs)}`;
  const family = fields?.['family'] as FamilyName | undefined;
  if (family === undefined)
    return `${file}: no known head layout\n${shown}docs/models.md says which layouts are known; a name for --family forces one of those that recognise it: ${families.join(', ') || 'none does'}\n`;
  const others = families.filter((name) => name !== family);
  const lines = (title: string, entries: Readonly<Record<string, string>>): string =>
    Object.keys(entries).length === 0
      ? ''
      : `${title}\n${Object.entries(entries)
          .map(([field, text]) => `  ${field}: ${text}\n`)
          .join('')}`;
  const abilities = capabilitiesOf(family).map(
    ({ name, can, detail }) => `  ${can ? 'yes' : 'no '} ${name.padEnd(10)} ${detail}\n`,
  );
  const next =
    manifest === undefined
      ? `with --write, a manifest is written to be filled in\n`
      : `no manifest is needed: msal detect <image> --model ${file}\n`;
  return `${file}: ${familyText(family)}\n${shown}${others.length > 0 ? `  could also be: ${others.join(', ')} (--family)\n` : ''}what can be done\n${abilities.join('')}${lines('assumed (the tensors do not show it)', assumed)}${lines('to be said in a manifest', asks)}${next}`;
}

function summary({ tensors, families, fields, assumed, asks }: ModelDraft): object {
  const family = fields?.['family'] as FamilyName | undefined;
  return {
    inputs: tensors.inputs,
    outputs: tensors.outputs,
    families,
    manifest: fields ?? null,
    assumed,
    asks,
    can: family === undefined ? {} : Object.fromEntries(capabilitiesOf(family).map(({ name, can }) => [name, can])),
  };
}
