import type { TurnQueue } from '../../engine/index.ts';
import { pausedUntil, type DestinationState } from './destination-state.ts';
import type { SharedState } from './shared-breaker.ts';

/** Where the groups of destinations are paused. */
export type PausableGroups = Pick<TurnQueue, 'pauseGroup' | 'resumeGroup'>;

/**
 * Brings the group's pause in line with what is shared about its destination. Others may have written that meanwhile and paused the group before this does,
 * so it is read again until it is what was said: of several that say something at once, the one that says it last says what is shared. Answers that.
 */
export async function sayPause(
  groups: PausableGroups,
  group: string,
  shared: SharedState,
  now: () => number,
  read: () => Promise<SharedState>,
): Promise<DestinationState> {
  for (let said = shared; ;) {
    const { state } = said;
    const until = pausedUntil(state);
    const isClosed = state.breaker.phase === 'closed';
    if (isClosed && until <= now()) await groups.resumeGroup(group, 'breaker');
    else await groups.pauseGroup(group, { by: 'breaker', until, probes: !isClosed });
    const present = await read();
    if (present.version === said.version) return state;
    said = present;
  }
}
