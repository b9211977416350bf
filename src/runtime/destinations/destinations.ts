import { DESTINATION, type QueuePolicy } from '../../contracts/index.ts';
import { groupName, groupsOf, type TakenJob } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { groupKeyIn } from '../../queue/index.ts';
import type { StateStore } from '../../state/index.ts';
import type { Outcome } from '../run/outcome.ts';
import { findingOf, pausedOutcome } from './pausing.ts';
import { pausedUntil, type DestinationState } from './destination-state.ts';
import { sayPause, type PausableGroups } from './say-pause.ts';
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
  readonly job: Pick<TakenJob, 'id' | 'opts' | 'probing' | 'attemptsStarted' | 'attemptsMade'>;
  /** Engine time. */
  readonly startedAt: number;
}

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
      const key = `${queue}/${name}`;
      const failed = 'error' in outcome ? { why: told(outcome.error), jobId: job.id } : {};
      const call = { beganAt: startedAt, endedAt, probes, ...failed };
      const { before, after, version } = await breaker.note(key, policy.destinations.breaker, finding, call);
      let state = after;
      if (isPauseToSay(after, { changed: after !== before, probes, now: this.#now() })) {
        const said = await sayPause(at.groups, groupName(DESTINATION, name), { state: after, version }, this.#now, () =>
          breaker.read(key),
        );
        // Whoever has ended it meanwhile has ended what this job would wait for; its failure is explained all the same.
        if (said.breaker.phase !== 'closed') state = said;
      }
      this.#emitChange(queue, name, before, after);
      const waited = job.attemptsStarted - job.attemptsMade - 1;
      return pausedOutcome(outcome, finding, { name, state, waited, at: endedAt });
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
 * Whether the group's pause has to be brought in line with what is shared. Also where nothing changed but the run shows that the engine does not have it:
 * a probe of a circuit that is closed, a job that was let through while it is open.
 */
function isPauseToSay(
  state: DestinationState,
  { changed, probes, now }: { readonly changed: boolean; readonly probes: boolean; readonly now: number },
): boolean {
  const isClosed = state.breaker.phase === 'closed';
  if (isClosed && pausedUntil(state) <= now) return probes;
  return changed || probes === isClosed;
}
