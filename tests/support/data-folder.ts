import { readdirSync, rmSync, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-tree.ts';

const MEMORY = '/dev/shm';
/** `statfs` says so of a file system in memory (statfs(2)). */
const TMPFS = 0x0102_1994;
/** Far more than the servers of a run hold at one time. */
const ROOM = 4 * 1_073_741_824;

/**
 * A folder for the data of a server that lives as long as a test or a run: in memory where there is a place for that with room. A database
 * is some 300 files, and a run makes and drops hundreds: measured, a seventh of all CPU went into finding inodes for them on ext4.
 */
export async function dataFolder(name: string): Promise<string> {
  return mkdtemp(join(hasRoom() ? MEMORY : tmpdir(), `shiftwork-${name}-${process.pid}-`));
}

/** Removes from memory what a run that was killed has left there. A server whose data is gone ends by itself. */
export function clearLeftData(): void {
  if (!hasRoom()) return;
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = /^shiftwork-[a-z]+-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
}

function hasRoom(): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(MEMORY);
    return type === TMPFS && bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}
