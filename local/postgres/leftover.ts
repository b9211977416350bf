import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Deals with what an earlier start left behind: a pid file without a server is removed; a server whose parent is gone is
 * stopped; one that somebody still owns is named.
 */
export async function clearLeftover(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
  const running = processOf(pid);
  if (running === undefined || !running.command.includes('postgres')) {
    rmSync(file, { force: true });
    return;
  }
  if (running.parent !== 1) {
    throw new Error(`A PostgreSQL still runs on ${dataDir} (process ${pid}): stop the other npm start first.`);
  }
  process.kill(pid, 'SIGINT');
  for (let waited = 0; processOf(pid) !== undefined; waited += 50) {
    if (waited > 10_000)
      throw new Error(`The PostgreSQL of an earlier start (process ${pid}) does not end; end it by hand.`);
    await pause(50);
  }
}

function processOf(pid: number): { readonly parent: number; readonly command: string } | undefined {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  try {
    const line = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [parent = '', ...command] = line.split(/\s+/);
    return { parent: Number(parent), command: command.join(' ') };
  } catch {
    return undefined;
  }
}
