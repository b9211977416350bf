import { spawnSync } from 'node:child_process';

/** The ids of everything that the process has started, and of what that started, and so on. */
export function descendantsOf(pid: number): readonly number[] {
  const { stdout, error } = spawnSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  const pairs = stdout.split('\n').map(line => line.trim().split(/\s+/).map(Number));
  const found: number[] = [];
  const wanted = [pid];
  for (let parent = wanted.shift(); parent !== undefined; parent = wanted.shift()) {
    for (const [ppid, child] of pairs) {
      if (ppid !== parent || child === undefined) continue;
      found.push(child);
      wanted.push(child);
    }
  }
  return found;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and somebody else's.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
}
