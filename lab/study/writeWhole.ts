import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { namingOutput } from '../../src/outputError.js';

/** Writes a file that is whole or not there; makes its folder. @throws ExpectedError `output` */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await namingOutput(file, async () => {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(`${file}.partial`, content);
    await rename(`${file}.partial`, file);
  });
}
