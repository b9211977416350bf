import type { App, QueuePolicy } from '../../contracts/index.ts';
import type { Engine, PausedGroup } from '../../engine/index.ts';
import { GONE_BACK_MS, type BreakerPolicy } from '../../resilience/index.ts';
import type { DestinationState } from './destination-state.ts';

/** What a far side may ask for at most. */
export const LONGEST_QUIET_MS = 3_600_000;

/**
 * What is shared about a destination, without what lies further ahead than any pause of it may: that was written before the shared clock went back,
 * and would keep its jobs until the clock has come there again. The same object where there is nothing of that kind.
 */
export function withoutAhead(state: DestinationState, policy: BreakerPolicy, now: number): DestinationState {
  const { breaker, quietUntil } = state;
  const isQuietAhead = quietUntil > now + LONGEST_QUIET_MS + GONE_BACK_MS;
  const isOpenAhead = breaker.phase === 'open' && breaker.until > now + policy.maxPauseMs + GONE_BACK_MS;
  if (!isQuietAhead && !isOpenAhead) return state;
  return {
    ...state,
    breaker: isOpenAhead ? { ...breaker, until: now } : breaker,
    quietUntil: isQuietAhead ? 0 : quietUntil,
  };
}

/**
 * Ends, in each queue, the pauses of breakers that lie further ahead than any of them may: a group that is paused starts nothing, so no run of it would ever
 * find that out. Those of persons have no end, and stay.
 */
export async function endPausesAhead(app: Pick<App, 'queues'>, engine: Engine): Promise<void> {
  for (const policy of app.queues.values()) {
    if (!policy.destinations.named) continue;
    const turns = await engine.turns(policy.name);
    const now = engine.clock.now();
    for (const pause of await turns.pauses()) {
      // Whatever it is that pauses them, the first run that fails says so again, with a time that can be.
      if (isAhead(pause, policy, now)) await turns.resumeGroup(pause.group, 'breaker');
    }
  }
}

function isAhead({ by, until }: PausedGroup, { destinations }: QueuePolicy, now: number): boolean {
  const longest = Math.max(destinations.breaker.maxPauseMs, LONGEST_QUIET_MS);
  return by === 'breaker' && until > now + longest + GONE_BACK_MS;
}
