import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allCases } from './all-cases.ts';
import { requirePrograms } from '../support/required-programs.ts';
import type { Measured } from './trial.ts';
import { withTrial } from './with-trial.ts';

/**
 * The long form of the fault cases: `npm run test:faults [-- --seeds 20] [--scale 5] [--case 4] [--engine redis]`. Prints a line
 * for each trial and at the end a table, which it also puts into docs/operations.md when everything was run.
 */
const OPERATIONS = fileURLToPath(new URL('../../docs/operations.md', import.meta.url));
const [BEGIN, END] = ['<!-- faults:begin -->', '<!-- faults:end -->'];

interface Row {
  readonly number: number;
  readonly title: string;
  readonly kind: string;
  readonly seeds: number;
  readonly trials: Measured[];
  readonly wrong: string[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      scale: { type: 'string', default: '5' },
      case: { type: 'string' },
      engine: { type: 'string' },
    },
  });
  requirePrograms();
  const seeds = Number(values.seeds);
  const chosen = allCases.filter(({ number }) => values.case === undefined || number === Number(values.case));
  const rows: Row[] = [];
  for (const fault of chosen) {
    for (const kind of fault.engines.filter(each => values.engine === undefined || each === values.engine)) {
      const { number, title, seedsAtMost = Infinity } = fault;
      const row: Row = { number, title, kind, seeds: Math.min(seeds, seedsAtMost), trials: [], wrong: [] };
      rows.push(row);
      for (let seed = 1; seed <= row.seeds; seed += 1) {
        const wrong = await withTrial(kind, { seed, scale: Number(values.scale) }, async trial => {
          const found = await fault.run(trial);
          row.trials.push(trial.measured);
          return found;
        }).catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
        row.wrong.push(...wrong.map(each => `seed ${seed}: ${each}`));
        console.log(`case ${fault.number} ${kind} seed ${seed}: ${wrong.length === 0 ? 'holds' : wrong.join('; ')}`);
      }
    }
  }
  const table = tableOf(rows);
  console.log(`\n${table}`);
  if (values.case === undefined && values.engine === undefined) await keep(table);
  return rows.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}

function tableOf(rows: readonly Row[]): string {
  const sum = (trials: readonly Measured[], of: (trial: Measured) => number) =>
    trials.reduce((total, trial) => total + of(trial), 0);
  return [
    `| case | what is provoked | engine | seeds | held | jobs | lost | ran twice | attempts burned | running again, median | worst |`,
    `| ---- | ---------------- | ------ | ----- | ---- | ---- | ---- | --------- | --------------- | --------------------- | ----- |`,
    ...rows.map(({ number, title, kind, seeds, trials, wrong }) => {
      const recoveries = trials.flatMap(trial => trial.recoveries).toSorted((a, b) => a - b);
      const failed = new Set(wrong.map(each => each.split(':', 1)[0])).size;
      const seconds = (ms: number | undefined) => (ms === undefined ? '' : `${(ms / 1_000).toFixed(2)} s`);
      return [
        '',
        number,
        title,
        kind,
        seeds,
        seeds - failed,
        sum(trials, ({ jobs }) => jobs),
        sum(trials, ({ lost }) => lost),
        sum(trials, ({ twice }) => twice),
        sum(trials, ({ burned }) => burned),
        seconds(recoveries[Math.floor(recoveries.length / 2)]),
        seconds(recoveries.at(-1)),
        '',
      ].join(' | ');
    }),
  ]
    .map(line => line.trim())
    .join('\n');
}

async function keep(table: string): Promise<void> {
  const page = await readFile(OPERATIONS, 'utf8');
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  if (before === undefined || after === undefined) return;
  await writeFile(OPERATIONS, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}

process.exitCode = await main();
