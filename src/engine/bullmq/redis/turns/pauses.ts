import type { PausedBy, PausedGroup } from '../../../turns/index.ts';

/** Under what field of the hash of pauses one stands: see scripts/groups.ts. */
export function pauseField(group: string, by: PausedBy): string {
  return by === 'person' ? `!${group}` : group;
}

export function pausedGroup(field: string, pause: string): PausedGroup {
  const [until = '0', kind] = pause.split(':');
  const by = field.startsWith('!') ? 'person' : 'breaker';
  return { group: by === 'person' ? field.slice(1) : field, by, until: Number(until), probes: kind === '1' };
}
