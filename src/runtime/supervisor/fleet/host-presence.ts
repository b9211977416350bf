/** One worker process, as its supervisor knows it. */
export interface WorkerPresence {
  /** `SUPERVISOR/NUMBER` */
  readonly name: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Jobs that run now, of how many that may; undefined before it works. */
  readonly running?: number | undefined;
  readonly slots?: number | undefined;
  readonly memoryMb?: number | undefined;
  /** The longest that its event loop came late in the last two seconds, in milliseconds. */
  readonly lagMs?: number | undefined;
  /** It takes no new jobs. */
  readonly quiet: boolean;
  /** False: its main thread has not turned for a while. */
  readonly answers: boolean;
}

/** What a supervisor says of itself while it lives. */
export interface HostPresence {
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly processes: number;
  readonly queues: readonly string[];
  /** Its clock minus the engine's; undefined before it has been compared, and of an older release. */
  readonly clockMs?: number | undefined;
  /** Whether its workers record the ends of jobs for the outbox; undefined: an older release, or nobody has said. */
  readonly recordsEnds?: boolean | undefined;
  /** The release that it runs; undefined where nobody has said. */
  readonly release?: string | undefined;
  /** Who let it take no new jobs; undefined where it takes them. */
  readonly quietBy?: string | undefined;
  /** Its worker processes; undefined of an older release, which obeys no orders. */
  readonly workers?: readonly WorkerPresence[] | undefined;
}

/** What another supervisor has written, perhaps one of another release. */
export function hostIn(value: unknown): HostPresence | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    host,
    pid,
    startedAt,
    processes,
    queues,
    clockMs,
    recordsEnds,
    release,
    quietBy,
    workers,
  }: Partial<Record<keyof HostPresence, unknown>> = value;
  if (typeof host !== 'string' || typeof pid !== 'number' || typeof startedAt !== 'number') return undefined;
  return {
    host,
    pid,
    startedAt,
    processes: typeof processes === 'number' ? processes : 0,
    queues: Array.isArray(queues) ? queues.map(String) : [],
    ...(typeof clockMs === 'number' && { clockMs }),
    ...(typeof recordsEnds === 'boolean' && { recordsEnds }),
    ...(typeof release === 'string' && { release }),
    ...(typeof quietBy === 'string' && { quietBy }),
    ...(Array.isArray(workers) && { workers: workers.flatMap((worker: unknown) => workerIn(worker) ?? []) }),
  };
}

function workerIn(value: unknown): WorkerPresence | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given: Partial<Record<keyof WorkerPresence, unknown>> = value;
  const { name, pid, startedAt } = given;
  if (typeof name !== 'string' || typeof pid !== 'number' || typeof startedAt !== 'number') return undefined;
  const count = (key: 'running' | 'slots' | 'memoryMb' | 'lagMs'): number | undefined => {
    const found = given[key];
    return typeof found === 'number' ? found : undefined;
  };
  return {
    name,
    pid,
    startedAt,
    running: count('running'),
    slots: count('slots'),
    memoryMb: count('memoryMb'),
    lagMs: count('lagMs'),
    quiet: given.quiet === true,
    answers: given.answers !== false,
  };
}
