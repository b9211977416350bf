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
  };
}
