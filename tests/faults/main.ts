import { parseArgs } from 'node:util';
import { requirePrograms } from '../support/required-programs.ts';
import { allCases } from './all-cases.ts';
import { Journal, nameOf, type Finding, type Row } from './journal.ts';
import { keep, medianOf, tableOf, type Findings } from './table.ts';
import type { Measured } from './trial.ts';
import { withTrial } from './with-trial.ts';

/**
 * The long form of the fault cases: `npm run test:faults`. Prints a line for each trial and at the end a table. It takes hours, so it
 * can be run in parts: what was found is kept, and the next run goes on behind it.
 *
 * `-- --minutes 25`   begins no trial after that
 * `-- --afresh`       forgets what earlier runs have found: after a change of the code
 * `-- --case 1-4,12`  these alone; `--engine redis` likewise
 * `-- --seeds 3`      fewer; `--scale 1` the short form of each
 * `-- --at-once 2`    trials side by side: the times to recover are then no measure
 * `-- --write`        puts the rows into docs/operations.md; of the whole long form they are put there in any case
 */
const [SEEDS, SCALE] = [20, 5];
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: String(SEEDS) },
    scale: { type: 'string', default: String(SCALE) },
    case: { type: 'string' },
    engine: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
    'at-once': { type: 'string', default: '1' },
    afresh: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const [seeds, scale] = [Number(values.seeds), Number(values.scale)];
const endsAt = Date.now() + Number(values.minutes) * 60_000;

async function main(): Promise<number> {
  requirePrograms();
  if (values.afresh) Journal.forget();
  const journal = new Journal();
  const all: readonly Row[] = allCases.flatMap(fault => fault.engines.map(kind => ({ fault, kind })));
  const rows = all.filter(isChosen);
  const trials = rows.flatMap(row => {
    const found = new Set(journal.of(row, scale).map(({ seed }) => seed));
    return seedsOf(row)
      .filter(seed => !found.has(seed))
      .map(seed => ({ row, seed }));
  });
  const turns = trials.values();
  const work = async (): Promise<void> => {
    for (const { row, seed } of turns) {
      if (Date.now() > endsAt) return;
      journal.write(await tryOut(row, seed));
    }
  };
  await Promise.all(Array.from({ length: Number(values['at-once']) }, work));

  const findings: readonly Findings[] = rows.map(row => ({
    row,
    findings: journal.of(row, scale).filter(({ seed }) => seed <= seeds),
  }));
  const done = findings.filter(each => each.findings.length === seedsOf(each.row).length);
  console.log(`\n${tableOf(findings.filter(each => each.findings.length > 0))}`);
  if (values.write || (seeds >= SEEDS && scale >= SCALE)) await keep(done, all);
  const wrong = findings.flatMap(faultsOf);
  for (const line of wrong) console.log(line);
  if (done.length < rows.length) console.log(`${rows.length - done.length} rows are not complete: run it again.`);
  return wrong.length === 0 ? 0 : 1;
}

async function tryOut(row: Row, seed: number): Promise<Finding> {
  const begunAt = Date.now();
  const none: Measured = { jobs: 0, lost: 0, twice: 0, burned: 0, recoveries: [] };
  const result = await withTrial(row.kind, { seed, scale }, async trial => {
    const wrong = await row.fault.run(trial);
    return { measured: trial.measured, wrong };
  }).catch((error: unknown) => ({ measured: none, wrong: [describe(error)] }));
  const tookMs = Date.now() - begunAt;
  const says = result.wrong.length === 0 ? 'holds' : result.wrong.join('; ');
  console.log(`${nameOf(row)}, seed ${seed}, ${(tookMs / 1_000).toFixed(1)} s: ${says}`);
  return { row: nameOf(row), seed, scale, tookMs, ...result };
}

/** A trial that did not come to its end says what it waited for, and behind that what its processes said. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.cause.message}\n${error.message}` : error.message;
}

function faultsOf({ row, findings }: Findings): string[] {
  const { goalMs = Infinity } = row.fault;
  const median = medianOf(findings) ?? 0;
  const slow = median > goalMs ? [`${nameOf(row)}: running again after ${median} ms, the goal is ${goalMs} ms`] : [];
  return [
    ...findings.flatMap(({ seed, wrong }) => wrong.map(each => `${nameOf(row)}, seed ${seed}: ${each}`)),
    ...(values['at-once'] === '1' ? slow : []),
  ];
}

function seedsOf({ fault: { seedsAtMost = Infinity } }: Row): readonly number[] {
  return Array.from({ length: Math.min(seeds, seedsAtMost) }, (_, index) => index + 1);
}

function isChosen({ fault: { number }, kind }: Row): boolean {
  if (values.engine !== undefined && values.engine !== kind) return false;
  if (values.case === undefined) return true;
  return values.case.split(',').some(part => {
    const [from = NaN, to = from] = part.split('-').map(Number);
    return number >= from && number <= to;
  });
}

process.exitCode = await main();
