import type { PausedBy, PausedGroup } from '../../../turns/index.ts';

export interface PauseRow {
  readonly name: string;
  readonly until: string;
  readonly probes: boolean;
}

/** Under what name a pause stands in its table: see group-sql.ts. */
export function pauseName(group: string, by: PausedBy): string {
  return by === 'person' ? `!${group}` : group;
}

export function pausedGroup({ name, until, probes }: PauseRow): PausedGroup {
  const by = name.startsWith('!') ? 'person' : 'breaker';
  return { group: by === 'person' ? name.slice(1) : name, by, until: Number(until), probes };
}
