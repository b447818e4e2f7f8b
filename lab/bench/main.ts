import { existsSync } from 'node:fs';
import path from 'node:path';
import { Option } from 'commander';
import { wholeNumber } from '../../src/cli/optionValues.js';
import { ExpectedError } from '../../src/errors.js';
import { packageRoot } from '../../src/packageRoot.js';
import { benchCommand, runBench } from './benchCommand.js';
import type { Bench, BenchRow } from './benchRow.js';
import { explain } from './explain.js';
import { TIMES, type Time } from './interleave.js';
import { livePath } from './livePath.js';
import { memory } from './memory.js';
import { networkMemory } from './networkMemory.js';
import { perception } from './perception.js';
import { poolThroughput } from './poolThroughput.js';
import { siduAndLive } from './siduAndLive.js';

/** Name on the command line → bench. */
const benches: Readonly<Record<string, Bench>> = {
  livePath,
  poolThroughput,
  perception,
  memory,
  networkMemory,
  explain,
  siduAndLive,
};

const DEFAULT_MODEL = path.join(packageRoot, 'models/efficientdet-d0-rgb.json');

interface Flags {
  readonly json?: boolean;
  readonly model: string;
  readonly rounds: number;
  readonly time: Time;
  readonly only?: string[];
}

const program = benchCommand(
  'bench',
  'Measures this project against bare ONNX Runtime in the same process.',
  'print an array of {name, value, unit, reference, ratio, goal, holds}',
)
  .option('--model <manifest>', 'model to measure with', DEFAULT_MODEL)
  .option('--rounds <n>', 'rounds of each measurement', wholeNumber(1, 1e9), 30)
  .addOption(
    new Option('--time <kind>', 'of explain and siduAndLive: the clock, or processor time where other work disturbs')
      .choices(TIMES)
      .default('wall'),
  )
  .option('--only <names...>', `some of ${Object.keys(benches).join(', ')}`);

await runBench<Flags>(program, async (flags) => {
  if (!existsSync(flags.model))
    throw new ExpectedError('usage', `there is no model ${flags.model}`, 'give a manifest with --model');
  const rows: BenchRow[] = [];
  for (const name of flags.only ?? Object.keys(benches)) {
    const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (!bench)
      throw new ExpectedError('usage', `there is no bench ${name}`, `use some of ${Object.keys(benches).join(', ')}`);
    if (!flags.json) process.stderr.write(`${name} …\n`);
    rows.push(...(await bench({ model: flags.model, rounds: flags.rounds, time: flags.time })));
  }
  process.stdout.write(flags.json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));
});

function table(rows: readonly BenchRow[]): string {
  const figure = (value: number | null): string => (value === null ? '' : value.toPrecision(4));
  const cells = rows.map(({ name, value, unit, reference, ratio, goal, holds }) => [
    name,
    `${figure(value)} ${unit}`,
    reference === null ? '' : `${figure(reference)} ${unit}`,
    ratio === null ? '' : ratio.toFixed(3),
    goal ?? '',
    holds === null ? '' : holds ? 'holds' : 'MISSED',
  ]);
  const all = [['', 'value', 'reference', 'ratio', 'goal', ''], ...cells];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return `${all.map(line).join('\n')}\n`;
}
