import type { AnyJobContract, DestinationPolicy, QueuePolicy } from '../../contracts/index.ts';
import { DeliveryError, JobTimeoutError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { mayCall } from '../../resilience/index.ts';
import type { StateStore } from '../../state/index.ts';
import type { RunContext } from '../run-context.ts';
import type { Settlement } from '../settlement.ts';
import { destinationOf, type Destination } from './destination.ts';
import { SharedBreaker, type Finding, type Hold } from './shared-breaker.ts';

export interface DestinationsOptions {
  readonly facts: Facts;
  /** Opened when the first job with a destination comes. */
  readonly state: () => Promise<StateStore>;
}

/** A run that was let through: told how it ended, it may change what becomes of the job. */
export interface Passage {
  readonly destination: Destination;
  conclude(settlement: Settlement): Promise<Settlement>;
}

export type Admission =
  { readonly kind: 'passed'; readonly passage: Passage } | { readonly kind: 'waits'; readonly settlement: Settlement };

/** Held jobs come back over so long, not as one crowd. */
const SPREAD_MS = 10_000;
const WHILE_PROBED_MS = 1_000;
const WHILE_FULL_MS = 1_000;
const TRUSTED_MS = 250;
const REMEMBERED = 10_000;
/** What a far side may ask for at most. */
const LONGEST_QUIET_MS = 3_600_000;
/** A probe whose process dies gives its place back after its deadline and this. */
const PROBE_MARGIN_MS = 5_000;

/**
 * Lets jobs through to their destinations, or makes them wait without spending an attempt: while the destination is sick (its
 * circuit is open), has asked for a pause, or when it or the queue is above its rate. Holds are looked at first, so held jobs
 * use up no rate.
 */
export class Destinations {
  readonly #facts: Facts;
  readonly #state: () => Promise<StateStore>;
  readonly #wellSince = new Map<string, { readonly hold: Hold; readonly at: number }>();
  #opened: Promise<{ readonly store: StateStore; readonly breaker: SharedBreaker }> | undefined;

  constructor({ facts, state }: DestinationsOptions) {
    this.#facts = facts;
    this.#state = state;
  }

  /** Undefined for a job without a destination on a queue without one. */
  async admit(
    run: RunContext,
    contract: AnyJobContract,
    data: unknown,
    policy: QueuePolicy,
  ): Promise<Admission | undefined> {
    const destination = destinationOf(contract, data);
    const { store, breaker } = await this.#open();
    let giveBack: (() => Promise<void>) | undefined;
    if (destination !== undefined) {
      const hold = await this.#read(destination.key, breaker);
      const now = Date.now();
      if (hold.quietUntil > now) return waits(hold.quietUntil, `${destination.name} has asked for a pause`);
      const may = mayCall(hold.breaker, now);
      if (typeof may === 'number') return waits(hold.breaker.until, `${destination.name} is held: it keeps failing`);
      if (may === 'probe') {
        giveBack = await breaker.takeProbe(destination.key, contract.timeoutMs + PROBE_MARGIN_MS);
        if (giveBack === undefined) {
          return waits(now, `${destination.name} is held: another job finds out whether it is back`, WHILE_PROBED_MS);
        }
      }
    }
    const slot = await this.#slot(store, destination, policy, contract);
    if (slot === 'none-free') {
      await giveBack?.();
      return waits(Date.now(), 'as many as are allowed run for its destination', WHILE_FULL_MS);
    }
    const release = async (): Promise<void> => {
      await Promise.all([giveBack?.(), slot?.()]);
    };
    const waitMs = await rateWait(store, run.jobId, policy, destination);
    if (waitMs > 0) {
      await release();
      return waits(Date.now() + waitMs, 'above the rate', 0);
    }
    if (destination === undefined) return undefined;
    const probes = giveBack !== undefined;
    return { kind: 'passed', passage: this.#passage(destination, policy.destinations, breaker, probes, release) };
  }

  /** A place among those that may run at once; undefined where there is no limit. A place whose process dies is free after its deadline. */
  async #slot(
    store: StateStore,
    destination: Destination | undefined,
    { destinations: { concurrency } }: QueuePolicy,
    { timeoutMs }: AnyJobContract,
  ): Promise<(() => Promise<void>) | 'none-free' | undefined> {
    if (concurrency === undefined || destination === undefined) return undefined;
    const names = Array.from({ length: concurrency }, (_, index) => `${destination.key}#${index}`);
    const taken = new Set((await store.getMany('slot', names)).map(({ name }) => name));
    for (const name of names) {
      if (taken.has(name)) continue;
      const lease = await store.compareAndSet('slot', name, 0, {}, timeoutMs + PROBE_MARGIN_MS);
      if (lease === undefined) continue;
      return async () => {
        await store.delete('slot', name, lease);
      };
    }
    return 'none-free';
  }

  #passage(
    destination: Destination,
    policy: DestinationPolicy,
    breaker: SharedBreaker,
    probes: boolean,
    release: () => Promise<void>,
  ): Passage {
    const beganAt = Date.now();
    return {
      destination,
      conclude: async settlement => {
        const finding = findingOf(settlement);
        try {
          // A success in a closed circuit changes nothing; only a probe's has to be told.
          if (finding === undefined || (finding.what === 'well' && !probes)) return settlement;
          const call = { beganAt, endedAt: Date.now() };
          const { before, after } = await breaker.note(destination.key, policy.breaker, finding, call);
          this.#wellSince.delete(destination.key);
          this.#tell(destination, before, after);
          return held(settlement, finding, destination, after);
        } catch {
          // Without the shared state the job's own retries still hold.
          return settlement;
        } finally {
          await release().catch(() => undefined);
        }
      },
    };
  }

  #tell({ queue, name }: Destination, before: Hold, after: Hold): void {
    const [was, is] = [before.breaker.phase, after.breaker.phase];
    if (is === 'open' && after.breaker.changedAt !== before.breaker.changedAt) {
      const { until, openings } = after.breaker;
      this.#facts.state('breaker.opened', { queue, destination: name, untilMs: until, openings });
    }
    if (is === 'closed' && was !== 'closed') this.#facts.state('breaker.closed', { queue, destination: name });
  }

  /** A well destination is looked at four times a second at most, whatever its traffic: a hold is noticed that much later. */
  async #read(key: string, breaker: SharedBreaker): Promise<Hold> {
    const now = Date.now();
    const seen = this.#wellSince.get(key);
    if (seen !== undefined && now - seen.at < TRUSTED_MS) return seen.hold;
    const hold = await breaker.read(key);
    if (hold.breaker.phase === 'closed' && hold.quietUntil <= now) {
      if (this.#wellSince.size >= REMEMBERED) this.#wellSince.clear();
      this.#wellSince.set(key, { hold, at: now });
    } else this.#wellSince.delete(key);
    return hold;
  }

  #open(): Promise<{ readonly store: StateStore; readonly breaker: SharedBreaker }> {
    this.#opened ??= this.#state().then(store => ({ store, breaker: new SharedBreaker(store) }));
    return this.#opened;
  }
}

/** What the end of a run says about its destination; undefined when it says nothing. */
function findingOf(settlement: Settlement): Finding | undefined {
  if (settlement.kind === 'succeeded') return { what: 'well' };
  if (settlement.kind !== 'retry' && settlement.kind !== 'dead') return undefined;
  const { error } = settlement;
  if (error instanceof JobTimeoutError) return { what: 'failed' };
  if (!(error instanceof DeliveryError)) return undefined;
  if (error.failure === 'destination-down') return { what: 'down' };
  if (error.busy && error.retryAfterMs !== undefined) {
    return { what: 'busy', quietMs: Math.min(error.retryAfterMs, LONGEST_QUIET_MS) };
  }
  return error.failure === 'permanent' || error.busy ? { what: 'well' } : { what: 'failed' };
}

/** A failure that the destination's sickness explains spends no attempt, and ends no job. */
function held(settlement: Settlement, finding: Finding, { name }: Destination, { breaker }: Hold): Settlement {
  if (finding.what === 'well' || finding.what === 'busy' || breaker.phase === 'closed') return settlement;
  // What may have been done already is not simply done again.
  if (settlement.kind === 'dead' && settlement.reason !== 'attempts-exhausted') return settlement;
  const { settlement: waiting } = waits(breaker.until, `${name} is held: it keeps failing`);
  return waiting;
}

function waits(until: number, reason: string, spreadMs = SPREAD_MS): { kind: 'waits'; settlement: Settlement } {
  const untilMs = Math.ceil(until + Math.random() * spreadMs) + 1;
  return { kind: 'waits', settlement: { kind: 'snoozed', untilMs, reason, alarm: false } };
}

/** The queue's line first, then the destination's: a place in the second is only taken with one in the first. */
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
