import { DESTINATION, type QueuePolicy } from '../../contracts/index.ts';
import { groupName, groupsOf, type TakenJob, type TurnQueue } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { groupKeyIn } from '../../queue/index.ts';
import type { StateStore } from '../../state/index.ts';
import type { Outcome } from '../run/outcome.ts';
import { findingOf, pausedOutcome } from './pausing.ts';
import { pausedUntil, type DestinationState } from './destination-state.ts';
import { SharedBreaker } from './shared-breaker.ts';

export interface DestinationsOptions {
  readonly facts: Facts;
  /** The engine's time: what is paused, and until when, is shared by all hosts. */
  readonly now: () => number;
  /** Opened when the first call says something about its destination. */
  readonly state: () => Promise<StateStore>;
}

/** How a queue treats its destinations. */
export interface QueueDestinations {
  readonly breakers: Destinations;
  readonly policy: QueuePolicy;
}

/** A run that has ended. */
export interface EndedRun {
  readonly at: { readonly queue: string; readonly groups: PausableGroups };
  readonly job: Pick<TakenJob, 'opts' | 'probing' | 'attemptsStarted' | 'attemptsMade'>;
  /** Engine time. */
  readonly startedAt: number;
}

/** Where the groups of destinations are paused. */
export type PausableGroups = Pick<TurnQueue, 'pauseGroup' | 'resumeGroup'>;

/**
 * The circuits of destinations, as rules that pause their groups: a destination that is sick, or has asked for a pause, starts no job, and one at a
 * time finds out whether it is back. The engine obeys the pause where jobs are taken, in all workers.
 */
export class Destinations {
  readonly #facts: Facts;
  readonly #now: () => number;
  readonly #state: () => Promise<StateStore>;
  #breaker: Promise<SharedBreaker> | undefined;

  constructor({ facts, now, state }: DestinationsOptions) {
    this.#facts = facts;
    this.#now = now;
    this.#state = state;
  }

  /**
   * Takes the outcome of a run for what it says about its destination, and answers what becomes of the job. Never rejects.
   * @param told an error's message as it may be stored
   */
  async conclude(
    { at, job, startedAt }: EndedRun,
    outcome: Outcome,
    policy: QueuePolicy,
    told: (error: Error) => string,
  ): Promise<Outcome> {
    const name = groupKeyIn(groupsOf(job.opts), DESTINATION);
    const finding = name === undefined ? undefined : findingOf(outcome);
    const probes = job.probing === true;
    // A success in a closed circuit changes nothing; only a probe's has to be noted.
    if (name === undefined || finding === undefined || (finding.what === 'well' && !probes)) return outcome;
    const { queue } = at;
    try {
      const endedAt = this.#now();
      const breaker = await this.#open();
      const call = { beganAt: startedAt, endedAt, probes, why: 'error' in outcome ? told(outcome.error) : undefined };
      const { before, after } = await breaker.note(`${queue}/${name}`, policy.destinations.breaker, finding, call);
      await applyPause(at.groups, groupName(DESTINATION, name), after, {
        changed: after !== before,
        probes,
        now: this.#now(),
      });
      this.#emitChange(queue, name, before, after);
      const waited = job.attemptsStarted - job.attemptsMade - 1;
      return pausedOutcome(outcome, finding, { name, state: after, waited, at: endedAt });
    } catch {
      // Without the shared state the job's own retries still state.
      return outcome;
    }
  }

  #emitChange(queue: string, destination: string, before: DestinationState, after: DestinationState): void {
    const [was, is] = [before.breaker, after.breaker];
    if (is.phase === 'open' && is.changedAt !== was.changedAt) {
      const { until, openings } = is;
      this.#facts.emit('breaker.opened', { queue, destination, untilMs: until, openings });
    }
    if (is.phase === 'closed' && was.phase !== 'closed') this.#facts.emit('breaker.closed', { queue, destination });
  }

  #open(): Promise<SharedBreaker> {
    this.#breaker ??= this.#state().then(store => new SharedBreaker(store, this.#now));
    // What was away is asked again by the next job.
    this.#breaker.catch(() => (this.#breaker = undefined));
    return this.#breaker;
  }
}

/**
 * Brings the group's pause in line with what is shared about its destination. Said again where nothing changed but the run shows that the engine does
 * not have it: a probe of a circuit that is closed, a job that was let through while it is open.
 */
async function applyPause(
  groups: PausableGroups,
  group: string,
  state: DestinationState,
  { changed, probes, now }: { readonly changed: boolean; readonly probes: boolean; readonly now: number },
): Promise<void> {
  const isClosed = state.breaker.phase === 'closed';
  const until = pausedUntil(state);
  if (isClosed && until <= now) {
    if (probes) await groups.resumeGroup(group, 'breaker');
    return;
  }
  if (!changed && probes !== isClosed) return;
  await groups.pauseGroup(group, { by: 'breaker', until, probes: !isClosed });
}
