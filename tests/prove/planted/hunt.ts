import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../architecture/source-texts.ts';
import type { PlantedBug } from './planted-bug.ts';

/** What a hunt came to: the command that noticed, nothing where all of them passed. */
export interface Hunt {
  readonly caughtBy: string | undefined;
}

const PLANT = pathToFileURL(`${ROOT}/tests/prove/planted/planted.ts`).href;

/** Runs the checks with the bug in place, until one of them fails. One that takes longer than `patienceMs` has noticed, too. */
export async function hunt(bug: PlantedBug, checks: readonly (readonly string[])[], patienceMs: number): Promise<Hunt> {
  for (const check of checks) if (!(await passes(bug, check, patienceMs))) return { caughtBy: check.join(' ') };
  return { caughtBy: undefined };
}

async function passes(
  bug: PlantedBug | undefined,
  [program = '', ...args]: readonly string[],
  patienceMs: number,
): Promise<boolean> {
  const [command, given] = program === 'node' ? [process.execPath, ['--import', PLANT, ...args]] : [program, args];
  const child = spawn(command, given, {
    cwd: ROOT,
    stdio: 'ignore',
    // A group of its own: what a check has started ends with it.
    detached: true,
    env: { ...process.env, ...(bug !== undefined && { SHIFTWORK_PLANTED_BUG: JSON.stringify(bug) }) },
  });
  const ended = once(child, 'exit').then(([code]: unknown[]) => code === 0);
  const first = await Promise.race([ended, pause(patienceMs, 'late' as const, { ref: false })]);
  if (first !== 'late') return first;
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  await Promise.race([ended, pause(10_000, undefined, { ref: false })]);
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
    process.kill(-child.pid, 'SIGKILL');
  return false;
}

/** A check that passes although the file cannot even be loaded runs something else than what bugs are planted in. */
export async function seesTheFile(file: string, check: readonly string[], patienceMs: number): Promise<boolean> {
  const put = 'throw new Error("planted");\n';
  return !(await passes({ file, line: 1, kind: 'always', text: '', from: 0, to: 0, put }, check, patienceMs));
}

/** A check that fails without any bug finds nothing out. */
export function passesAlone(check: readonly string[]): Promise<boolean> {
  return passes(undefined, check, 600_000);
}
