import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { killRuns } from './killRuns.js';
import type { KillRow } from './subject.js';
import { makeSubject, SPAN_MS, SUBJECTS, type SubjectName } from './subjects.js';

const NAMES = Object.keys(SUBJECTS) as SubjectName[];
/** How often each is killed unless somebody says otherwise. */
const KILLS: Readonly<Record<SubjectName, number>> = { explain: 50, perception: 20, replay: 10, evaluate: 10 };

interface Flags {
  readonly only: readonly SubjectName[];
  readonly kills?: number;
  readonly size: number;
  readonly span: number;
  readonly seed: number;
  readonly json?: boolean;
}

const program = new Command('npm run kills --')
  .description(
    'Ends programs with SIGKILL at random moments and looks at what is on the disk: every file whole or absent, nothing lost, nothing twice.',
  )
  .addOption(new Option('--only <names...>', 'some of them').choices(NAMES).default(NAMES))
  .option('--kills <n>', `of each; by default ${NAMES.map((name) => `${name} ${KILLS[name]}`).join(', ')}`, wholeNumber)
  .option('--size <n>', 'how much each has to do', wholeNumber, 4)
  .option(
    '--span <s>',
    'time from which the moments are drawn, of programs that do not end by themselves',
    wholeNumber,
    SPAN_MS / 1000,
  )
  .option('--seed <n>', 'of the moments', wholeNumber, 1)
  .option('--json', 'print an array of {name, kills, tooLate, seed, figures, failures}')
  .addHelpText('after', '\nExamples:\n  $ npm run kills\n  $ npm run kills -- --only replay --kills 3 --seed 7 --json')
  .showHelpAfterError();

const { only, kills, size, span, seed, json } = program.parse().opts<Flags>();
const folder = mkdtempSync(path.join(os.tmpdir(), 'msal-kills-'));
const rows: KillRow[] = [];
try {
  for (const name of only) {
    const wanted = kills ?? KILLS[name];
    process.stderr.write(`${name}: making what it works on …\n`);
    const subject = await makeSubject(name, folder, size, span * 1000);
    const row = await killRuns(subject, wanted, seed, (done) =>
      process.stderr.write(`${name}: kill ${done} of ${wanted}\n`),
    );
    rows.push(row);
    process.stderr.write(table([row]));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));
if (rows.some(({ failures }) => failures.length > 0)) process.exitCode = 1;

function table(all: readonly KillRow[]): string {
  return all
    .map(({ name, kills, seed, figures, failures }) => {
      const looked = Object.entries(figures).map(([what, count]) => `${count} ${what}`);
      const held = failures.length === 0 ? 'everything held' : `FAILED:\n  ${failures.join('\n  ')}`;
      return `${name}: ${kills} kills (seed ${seed}); ${looked.join(', ')}; ${held}\n`;
    })
    .join('');
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 is needed');
  return value;
}
