import { readFileSync } from 'node:fs';

/** What the kernel says of a process's main thread; times count from its start, in milliseconds. */
export interface ThreadTime {
  /** On a processor. */
  readonly ranMs: number;
  /** Able to run, and waiting for a processor. */
  readonly waitedMs: number;
  /** The kernel's letter: R runs, S sleeps in a call, D waits for a disk (also for swapped memory), T is stopped, t is traced. */
  readonly state: string;
}

/** The kernel counts in hundredths of a second, whatever its own clock is. */
const TICK_MS = 10;
const NANOSECONDS = 1_000_000;

/** Undefined where nobody says: on another system than Linux, and of a process that is gone. */
export function readThreadTime(pid: number): ThreadTime | undefined {
  const folder = `/proc/${pid}/task/${pid}`;
  const stat = read(`${folder}/stat`);
  if (stat === undefined) return undefined;
  // Behind the program's name, which may hold anything: state is the 3rd of proc(5)'s fields, utime the 14th, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', utime = '', stime = ''] = [fields[0], fields[11], fields[12]];
  const ranMs = (Number(utime) + Number(stime)) * TICK_MS;
  if (!Number.isFinite(ranMs)) return undefined;
  // Kernels may be built without it: then nobody counts as starved.
  const waited = Number(read(`${folder}/schedstat`)?.split(' ')[1] ?? 0);
  return { ranMs, waitedMs: Number.isFinite(waited) ? waited / NANOSECONDS : 0, state };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
