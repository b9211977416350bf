import type { SinkLine } from './app/chaos.config.ts';

/** A process that a trial has killed: nothing of it runs from then on. */
export interface Death {
  readonly pid: number;
  readonly at: number;
}

/** Moments at which more jobs of a tenant ran than may, as handlers saw it. */
export function tooMany(
  sink: readonly SinkLine[],
  tenants: ReadonlyMap<string, string>,
  atOnce: number,
  deaths: readonly Death[] = [],
): readonly string[] {
  const diedAt = new Map(deaths.map(({ pid, at }) => [pid, at]));
  const running = new Map<string, Map<string, number>>();
  const wrong: string[] = [];
  for (const { what, jobId, at, pid } of sink.toSorted((a, b) => a.at - b.at)) {
    const tenant = tenants.get(jobId);
    if (tenant === undefined) continue;
    const now = running.get(tenant) ?? new Map<string, number>();
    running.set(tenant, now);
    for (const [run, of] of now) if ((diedAt.get(of) ?? Infinity) <= at) now.delete(run);
    // One whose end could not be recorded runs again, in another process perhaps.
    const run = `${jobId} ${pid}`;
    if (what === 'end') now.delete(run);
    else if (now.set(run, pid).size > atOnce)
      wrong.push(`${now.size} jobs of ${tenant} ran at ${new Date(at).toISOString()}`);
  }
  return wrong;
}
