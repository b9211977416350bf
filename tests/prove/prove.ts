import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ROOT } from '../architecture/source-texts.ts';
import { requirePrograms } from '../support/required-programs.ts';
import { checksFor, checksOfOne, type Check } from './checks.ts';
import { FoundSoFar } from './found.ts';
import { readGuarantees, type Guarantee } from './guarantees.ts';
import { proofTable, writeProof } from './page.ts';
import { repeatOf, runCheck } from './run-check.ts';

/**
 * `npm run prove`: checks the numbered guarantees of docs/guarantees.md, with real processes and real servers, on histories that
 * nobody has seen before. What was run least comes next. A line for each history, a table at the end.
 *
 * `-- --minutes 10`               begins no history after that; without it each check is run once
 * `-- --guarantee G1,G16`         the checks of these alone
 * `-- --case 12 --engine redis`   this fault case alone; `--seed 7` with that seed, and once
 * `-- --write`                    adds what was found to tests/prove/found.json, and the table to docs/guarantees.md
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    guarantee: { type: 'string' },
    case: { type: 'string' },
    engine: { type: 'string' },
    seed: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  requirePrograms();
  const guarantees = readGuarantees();
  const found = new FoundSoFar();
  const chosen = guarantees.filter(isChosen);
  const checks = checksFor(chosen).filter(isCaseChosen);
  if (checks.length === 0) {
    console.error('Expected a guarantee of docs/guarantees.md, or one of its fault cases; found none that is meant.');
    return 2;
  }
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const endsAt = values.minutes === undefined ? undefined : Date.now() + Number(values.minutes) * 60_000;
  const broken: string[] = [];
  for (const check of turns(checks, found, endsAt)) {
    const seed = values.seed === undefined ? randomInt(1_000, 2 ** 31) : Number(values.seed);
    const begunAt = Date.now();
    const wrong = await runCheck(check, seed);
    const took = ((Date.now() - begunAt) / 1_000).toFixed(1);
    const seeded = check.kind === 'case' ? `, seed ${seed}` : '';
    console.log(`${check.key}${seeded}, ${took} s: ${wrong.length === 0 ? 'holds' : wrong.join('; ')}`);
    const repeat = repeatOf(check, seed);
    const violation = { check: check.key, repeat, what: wrong[0] ?? '', commit };
    found.add(check.key, { seeded: check.kind === 'case', ...(wrong.length === 0 ? {} : { violation }) });
    if (wrong.length > 0) broken.push(`${guaranteesOf(check, chosen).join(', ')} broken: ${repeat}`);
  }
  console.log(`\n${proofTable(chosen, found)}\n`);
  if (values.write) {
    found.save();
    writeProof(guarantees, found);
  }
  for (const line of broken) console.error(line);
  console.log(broken.length === 0 ? 'Nothing was broken.' : `${broken.length} histories broke a guarantee.`);
  return broken.length === 0 ? 0 : 1;
}

/** Until the time is over what was run least in all, without a time each once. A test is the same history again: once a run. */
function* turns(checks: readonly Check[], found: FoundSoFar, endsAt: number | undefined): Iterable<Check> {
  const asked = new Set<string>();
  const isNew = ({ key }: Check): boolean => !asked.has(key);
  while (endsAt === undefined ? checks.some(isNew) : Date.now() < endsAt) {
    const open = checks.filter(check => isNew(check) || (endsAt !== undefined && check.kind === 'case'));
    const [next] = open.toSorted((a, b) => found.of(a.key).histories - found.of(b.key).histories);
    if (next === undefined) return;
    asked.add(next.key);
    yield next;
  }
}

function guaranteesOf(check: Check, guarantees: readonly Guarantee[]): readonly string[] {
  return guarantees.filter(each => checksOfOne(each).some(({ key }) => key === check.key)).map(({ number }) => number);
}

function isChosen({ number }: Guarantee): boolean {
  return values.guarantee === undefined || values.guarantee.split(',').includes(number);
}

function isCaseChosen(check: Check): boolean {
  if (values.case === undefined) return true;
  if (check.kind !== 'case') return false;
  return check.row.fault.number === Number(values.case) && (values.engine ?? check.row.kind) === check.row.kind;
}

process.exitCode = await main();
