import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunLine, TrialData } from '../jobs.ts';

/**
 * The work of the trial, the same on both sides: this file is copied beside the program of each. It writes each run down, and answers what the
 * job is called in the count.
 */
export async function perform(run: Omit<RunLine, 'n' | 'end'>, data: Partial<TrialData>): Promise<string | undefined> {
  await pause(10);
  const end = fails(data) ? 'failed' : 'done';
  appendFileSync(file(), `${JSON.stringify({ ...run, n: data.n, end } satisfies RunLine)}\n`);
  if (end === 'failed') throw new Error('Not this time.');
  return data.n;
}

function fails({ n, fails }: Partial<TrialData>): boolean {
  if (fails === undefined) return false;
  if (fails === 'until-mended')
    return !existsSync(`${file()}.mended`) || !readFileSync(`${file()}.mended`, 'utf8').includes(`${n}\n`);
  return !readFileSync(file(), { encoding: 'utf8', flag: 'a+' }).includes(`"${n}"`);
}

/** One line for each run. */
function file(): string {
  return process.env['MOVE_RUNS'] ?? 'runs.jsonl';
}
