import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ROOT } from '../architecture/source-texts.ts';
import { withTrial } from '../faults/with-trial.ts';
import type { Check } from './checks.ts';
import type { NamedCheck } from './guarantees.ts';

/** Runs a check once. Answers what is wrong, nothing when its guarantee held. */
export async function runCheck(check: Check, seed: number): Promise<readonly string[]> {
  if (check.kind === 'tests') return runTests(check.tests);
  const { fault, kind } = check.row;
  return withTrial(kind, { seed, scale: 1 }, trial => fault.run(trial)).catch((error: unknown) => [describe(error)]);
}

/** The command that runs it again, with the same seed. */
export function repeatOf(check: Check, seed: number): string {
  return check.kind === 'case'
    ? `npm run prove -- --case ${check.row.fault.number} --engine ${check.row.kind} --seed ${seed}`
    : `npx vitest run ${filesOf(check.tests.path).join(' ')} -t ${JSON.stringify(patternOf(check.tests.names))}`;
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function runTests({ path, names }: NamedCheck): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'shiftwork-prove-'));
  const file = join(folder, 'report.json');
  try {
    spawnSync(
      join(ROOT, 'node_modules/.bin/vitest'),
      ['run', ...filesOf(path), '-t', patternOf(names), '--reporter=json', `--outputFile=${file}`],
      { cwd: ROOT, stdio: 'ignore' },
    );
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const ran = results.filter(({ status }) => status === 'passed' || status === 'failed');
    if (ran.length === 0) return [`no test of that name ran in ${path}`];
    return ran
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.split('\n')[0] ?? 'failed'}`);
  } catch (error) {
    return [describe(error)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A suite that several test files share is run by all of them. */
function filesOf(path: string): readonly string[] {
  if (!path.endsWith('.contract-suite.ts')) return [path];
  return globSync('src/**/*.test.ts', { cwd: ROOT }).filter(file =>
    readFileSync(join(ROOT, file), 'utf8').includes(`/${basename(path)}'`),
  );
}

/** Vitest takes a regular expression; what a table of values puts into a name may be anything. */
function patternOf(names: readonly string[]): string {
  return names.map(name => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%[sdijo]|\\\$\w+/g, '.*')).join('|');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
