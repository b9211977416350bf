import type { Engine } from '../../../engine/index.ts';
import { openingsOf, type BreakerState } from '../../../resilience/index.ts';
import { openState } from '../../../state/index.ts';
import { pausedUntil, stateIn } from '../../destinations/destination-state.ts';
import { DESTINATIONS } from '../../destinations/shared-breaker.ts';
import { readGone, type GoneHost } from './gone-hosts.ts';
import { hostIn, type HostPresence } from './host-presence.ts';
import { PRESENCE } from './presence.ts';

/** A supervisor that is alive, by its name. */
export interface FleetHost extends HostPresence {
  readonly name: string;
}

/** A destination whose jobs wait. */
export interface PausedDestination {
  /** `QUEUE/NAME` */
  readonly key: string;
  readonly phase: BreakerState['phase'];
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly openings: number;
  /** What it failed with last; undefined where nobody knows. */
  readonly why?: string | undefined;
  /** Since when it has been paused, milliseconds since 1970. */
  readonly since?: number | undefined;
}

export interface Fleet {
  readonly hosts: readonly FleetHost[];
  /** Those that left or were lost in the last day, the latest first. */
  readonly gone: readonly GoneHost[];
  readonly paused: readonly PausedDestination[];
}

/** Who works, and which destinations are paused, as the shared state has it. Rejects when the engine does not answer. */
export async function readFleet(engine: Engine, now = engine.clock.now()): Promise<Fleet> {
  const state = await openState(engine);
  const [present, states] = await Promise.all([state.list(PRESENCE), state.list(DESTINATIONS)]);
  const hosts = present.flatMap(({ name, value }) => {
    const host = hostIn(value);
    return host === undefined ? [] : [{ name, ...host }];
  });
  const paused = states.flatMap(({ name: key, value }): PausedDestination[] => {
    const shared = stateIn(value);
    const { breaker } = shared;
    const until = pausedUntil(shared);
    if (breaker.phase === 'closed' && until <= now) return [];
    const { why, since } = shared;
    return [{ key, phase: breaker.phase, until, openings: openingsOf(breaker), why, since }];
  });
  const gone = await readGone(state, new Set(present.map(({ name }) => name)), now);
  return { hosts: hosts.toSorted((a, b) => a.startedAt - b.startedAt), gone, paused };
}
