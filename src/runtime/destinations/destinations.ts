import type { AnyJobContract, DestinationPolicy, QueuePolicy } from '../../contracts/index.ts';
import type { EngineJob } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { mayCall } from '../../resilience/index.ts';
import type { KeyedDigests, SecretSource } from '../../secrets/index.ts';
import type { StateStore } from '../../state/index.ts';
import type { Outcome } from '../run/outcome.ts';
import { destinationOf, type Destination } from './destination.ts';
import { findingOf, pausedOutcome, pauseOf, waits, type Look, type Waits } from './pausing.ts';
import { Slots, type GiveBack } from './slots.ts';
import { SharedBreaker, type DestinationState } from './shared-breaker.ts';

export interface DestinationsOptions {
  readonly facts: Facts;
  /** The engine's time: what is paused, and until when, is shared by all hosts. */
  readonly now: () => number;
  /** Opened when the first job with a destination comes. */
  readonly state: () => Promise<StateStore>;
  /** What names that are none to show are keyed with. */
  readonly secrets: SecretSource;
}

/** What is asked of a run before it is let through. */
export interface AskingRun {
  readonly jobId: string;
  readonly job: Pick<EngineJob, 'attemptsMade' | 'attemptsStarted'>;
}

/** A run that was let through. `conclude` takes its outcome, and may change it. */
export interface Passage {
  readonly destination: Destination;
  conclude(outcome: Outcome): Promise<Outcome>;
}

export type Admission = { readonly kind: 'passed'; readonly passage: Passage } | Waits;

const WHILE_PROBED_MS = 1_000;
const WHILE_FULL_MS = 1_000;
const TRUSTED_MS = 250;
const REMEMBERED = 10_000;
/** A slot whose process dies, and whose job does not come again, is free after the job's deadline and this. */
const SLOT_MARGIN_MS = 5_000;

interface PassedCall {
  readonly knownAt: number;
  readonly probes: boolean;
  readonly release: GiveBack;
  readonly waited: number;
}

interface Shared {
  readonly digests: KeyedDigests;
  readonly store: StateStore;
  readonly breaker: SharedBreaker;
  readonly probes: Slots;
  readonly slots: Slots;
}

/**
 * Lets jobs through to their destinations, or makes them wait without spending an attempt: while the destination is sick (its
 * circuit is open), has asked for a pause, or when it or the queue is above its rate. Pauses are looked at first, so jobs that wait
 * use up no rate.
 */
export class Destinations {
  readonly #facts: Facts;
  readonly #now: () => number;
  readonly #state: () => Promise<StateStore>;
  readonly #secrets: SecretSource;
  readonly #wellSince = new Map<string, Look>();
  #opened: Promise<Shared> | undefined;

  constructor({ facts, now, state, secrets }: DestinationsOptions) {
    this.#secrets = secrets;
    this.#facts = facts;
    this.#now = now;
    this.#state = state;
  }

  /** Undefined for a job without a destination on a queue without one. */
  async admit(
    run: AskingRun,
    contract: AnyJobContract,
    data: unknown,
    policy: QueuePolicy,
  ): Promise<Admission | undefined> {
    const shared = await this.#open();
    const destination = destinationOf(contract, data, shared.digests);
    let look: Look | undefined;
    let probe: GiveBack | undefined;
    if (destination !== undefined) {
      look = await this.#read(destination.key, shared.breaker);
      if (mayCall(look.state.breaker, look.at) === 'probe') {
        probe = await shared.probes.take([destination.key], run.jobId, contract.timeoutMs + SLOT_MARGIN_MS);
        if (probe === undefined) {
          return waits(
            look.at,
            `${destination.name} is paused: another job finds out whether it is back`,
            WHILE_PROBED_MS,
          );
        }
        // The probe before this one may have ended in between, and what it found out counts.
        look = await this.#read(destination.key, shared.breaker);
      }
      const pause = pauseOf(destination, look);
      if (pause !== undefined) {
        await probe?.();
        return pause;
      }
    }
    const slot = await this.#slot(shared.slots, run, destination, policy, contract);
    if (slot === 'none-free') {
      await probe?.();
      return waits(this.#now(), 'as many as are allowed run for its destination', WHILE_FULL_MS);
    }
    const release = async (): Promise<void> => {
      await Promise.all([probe?.(), slot?.()]);
    };
    const waitMs = await rateWait(shared.store, run.jobId, policy, destination);
    if (waitMs > 0) {
      await release();
      return waits(this.#now() + waitMs, 'above the rate', 0);
    }
    if (destination === undefined || look === undefined) return undefined;
    const probes = probe !== undefined && look.state.breaker.phase !== 'closed';
    const { attemptsStarted, attemptsMade } = run.job;
    const call = { knownAt: look.at, probes, release, waited: attemptsStarted - attemptsMade - 1 };
    return { kind: 'passed', passage: this.#passage(destination, policy.destinations, shared.breaker, call) };
  }

  /** A slot among those that may run at once; undefined where there is no limit. */
  async #slot(
    slots: Slots,
    { jobId }: AskingRun,
    destination: Destination | undefined,
    { destinations: { concurrency } }: QueuePolicy,
    { timeoutMs }: AnyJobContract,
  ): Promise<GiveBack | 'none-free' | undefined> {
    if (concurrency === undefined || destination === undefined) return undefined;
    const names = Array.from({ length: concurrency }, (_, index) => `${destination.key}#${index}`);
    return (await slots.take(names, jobId, timeoutMs + SLOT_MARGIN_MS)) ?? 'none-free';
  }

  #passage(
    destination: Destination,
    policy: DestinationPolicy,
    breaker: SharedBreaker,
    { knownAt, probes, release, waited }: PassedCall,
  ): Passage {
    return {
      destination,
      conclude: async outcome => {
        const finding = findingOf(outcome);
        try {
          // A success in a closed circuit changes nothing; only a probe's has to be noted.
          if (finding === undefined || (finding.what === 'well' && !probes)) return outcome;
          // Begun on what was known then: a circuit that has changed since is not judged by it.
          const call = { beganAt: knownAt, endedAt: this.#now() };
          const { before, after } = await breaker.note(destination.key, policy.breaker, finding, call);
          this.#wellSince.delete(destination.key);
          this.#emitChange(destination, before, after);
          return pausedOutcome(outcome, finding, { destination, state: after, waited, at: call.endedAt });
        } catch {
          // Without the shared state the job's own retries still state.
          return outcome;
        } finally {
          await release().catch(() => undefined);
        }
      },
    };
  }

  #emitChange({ queue, name }: Destination, before: DestinationState, after: DestinationState): void {
    const [was, is] = [before.breaker.phase, after.breaker.phase];
    if (is === 'open' && after.breaker.changedAt !== before.breaker.changedAt) {
      const { until, openings } = after.breaker;
      this.#facts.emit('breaker.opened', { queue, destination: name, untilMs: until, openings });
    }
    if (is === 'closed' && was !== 'closed') this.#facts.emit('breaker.closed', { queue, destination: name });
  }

  /** A well destination is looked at four times a second at most, whatever its traffic: a pause is noticed that much later. */
  async #read(key: string, breaker: SharedBreaker): Promise<Look> {
    const at = this.#now();
    const seen = this.#wellSince.get(key);
    if (seen !== undefined && at - seen.at < TRUSTED_MS) return seen;
    const look = { state: await breaker.read(key), at };
    if (look.state.breaker.phase === 'closed' && look.state.quietUntil <= at) {
      if (this.#wellSince.size >= REMEMBERED) this.#wellSince.clear();
      this.#wellSince.set(key, look);
    } else this.#wellSince.delete(key);
    return look;
  }

  #open(): Promise<Shared> {
    this.#opened ??= Promise.all([this.#state(), this.#secrets.load()]).then(([store, { present }]) => ({
      digests: present,
      store,
      breaker: new SharedBreaker(store),
      probes: new Slots(store, 'probe'),
      slots: new Slots(store, 'slot'),
    }));
    // What was away is asked again by the next job.
    this.#opened.catch(() => (this.#opened = undefined));
    return this.#opened;
  }
}

/** The queue's line first, then the destination's: a slot in the second is only taken with one in the first. */
async function rateWait(
  store: StateStore,
  jobId: string,
  { name, rate, destinations }: QueuePolicy,
  destination: Destination | undefined,
): Promise<number> {
  if (rate !== undefined) {
    const waitMs = await store.reserve(`queue/${name}`, rate, jobId);
    if (waitMs > 0) return waitMs;
  }
  if (destinations.rate === undefined || destination === undefined) return 0;
  return store.reserve(`destination/${destination.key}`, destinations.rate, jobId);
}
