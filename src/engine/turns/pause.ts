/** Each has a pause of its own: a group's jobs start when none is left. */
export type PausedBy = 'person' | 'breaker';

export interface GroupPause {
  readonly by: PausedBy;
  /** Engine time, milliseconds since 1970. */
  readonly until: number;
  /** Whether its jobs are let through one at a time afterwards, until the group is resumed. Else the pause is over then. */
  readonly probes: boolean;
}

/** A pause, and what it is of. */
export interface PausedGroup extends GroupPause {
  readonly group: string;
}

/** A pause that no time ends. */
export const FOR_GOOD = Number.MAX_SAFE_INTEGER;

/** Under what name a pause is stored. */
export function pauseName(group: string, by: PausedBy): string {
  return by === 'person' ? `!${group}` : group;
}

export function pausedGroup(name: string, until: number, probes: boolean): PausedGroup {
  return name.startsWith('!')
    ? { group: name.slice(1), by: 'person', until, probes }
    : { group: name, by: 'breaker', until, probes };
}
