import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectionFields } from '../facts/index.ts';
import { backoffDelay, exponential } from '../resilience/index.ts';
import { BatchSource } from './batch-source.ts';
import type { EventStore } from './event-store.ts';
import { acquireLease, releaseLease, renewLease, type Lease, type LeaseRequest } from './lease.ts';
import { readLag } from './lag.ts';
import { isOutage, toError } from './poison.ts';
import { LeaseLost, parkEvent, projectBatch, type Batch, type BatchPlace } from './project-batch.ts';
import type { Projection } from './projection.ts';
import type { StoredEvent } from './stored-event.ts';

export interface ProjectorOptions {
  readonly store: EventStore;
  readonly projection: Projection;
  /** Names this process. */
  readonly owner: string;
  readonly batchSize: number;
  readonly pollEveryMs: number;
  readonly lagEveryMs: number;
  readonly leaseMs: number;
}

const OUTAGE = exponential({ from: '100ms', to: '5s' });
const POISON = exponential({ from: '50ms', to: '2s' });

/** Stopped at an event: nothing more is written until somebody resumes. */
class Stopped extends Error {}

/**
 * Keeps one projection up to date, in this process or, while another holds the lease, not at all. Catches up, then follows. Never
 * rejects: what is away is waited for.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #held: Lease | undefined;
  #checkpoint = 0;

  constructor(options: ProjectorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= Promise.all([this.#run(), this.#tellLag()]).then(() => undefined);
  }

  /** Something was appended. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Ends after the batch that is under way, and gives the lease back. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        const lease = await acquireLease(store.pool, store.names, this.#request);
        failures = 0;
        if (lease !== undefined && this.#mayRun(lease)) await this.#hold(lease);
        else {
          // A process of another release may be the one that can run it.
          if (lease !== undefined) await releaseLease(store.pool, store.names, this.#request, lease.token);
          await this.#pause(this.#options.pollEveryMs);
        }
      } catch (error) {
        this.#held = undefined;
        if (error instanceof LeaseLost) store.facts.state('projection.lost', this.#fields);
        else if (!(error instanceof Stopped)) {
          failures += 1;
          if (failures === 1) store.facts.state('projection.held', { ...this.#fields, error: toError(error) });
          await this.#pause(backoffDelay(OUTAGE, failures));
        }
      }
    }
  }

  /** One that stands still, or whose tables are of another shape, is left to whoever resumes or rebuilds it. */
  #mayRun({ stoppedAt, shape }: Lease): boolean {
    return stoppedAt === undefined && shape === this.#options.projection.shape;
  }

  async #hold(lease: Lease): Promise<void> {
    const { store } = this.#options;
    this.#held = lease;
    this.#checkpoint = lease.checkpoint;
    store.facts.state('projection.started', { ...this.#fields, position: lease.checkpoint });
    await this.#follow(lease);
    this.#held = undefined;
    await releaseLease(store.pool, store.names, this.#request, lease.token);
  }

  async #follow(lease: Lease): Promise<void> {
    const { store, projection, batchSize, leaseMs, pollEveryMs } = this.#options;
    const { pool, names, namespace } = store;
    const place = { pool, names, namespace, projection, generation: 'live', token: lease.token, leaseMs } as const;
    const source = new BatchSource(store, projection, batchSize);
    let renewAt = Date.now() + leaseMs / 3;
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      const batch = await source.next(this.#checkpoint);
      if (batch === undefined) await this.#idle(Math.min(pollEveryMs, Math.max(10, renewAt - Date.now())));
      else await this.#take(place, batch);
      if (batch !== undefined || Date.now() < renewAt) continue;
      if (!(await renewLease(pool, names, this.#request, lease.token))) throw new LeaseLost();
      renewAt = Date.now() + leaseMs / 3;
    }
  }

  async #take(place: BatchPlace, batch: Batch): Promise<void> {
    const startedAt = performance.now();
    const { store, projection } = this.#options;
    for (const event of batch.events) this.#checkKnown(event);
    if (projection.onUnknown === 'stop') {
      const unknown = batch.events.findIndex(({ problem }) => problem?.kind === 'unknown-type');
      const event = batch.events[unknown];
      if (event !== undefined) {
        await this.#project(place, {
          events: known(batch.events.slice(0, unknown)),
          from: batch.from,
          to: event.position - 1,
        });
        await this.#standStill(place, event, new Error(event.problem?.detail));
      }
    }
    await this.#project(place, { ...batch, events: known(batch.events) });
    if (!store.facts.wants('projection.advanced')) return;
    store.facts.state('projection.advanced', {
      ...this.#fields,
      events: batch.events.length,
      position: batch.to,
      tookMs: Math.round(performance.now() - startedAt),
    });
  }

  /** Writes it whole; when that fails, in halves, until the one event is found that it fails on. */
  async #project(place: BatchPlace, batch: Batch): Promise<void> {
    try {
      await projectReadable(place, batch);
      this.#checkpoint = batch.to;
    } catch (error) {
      if (error instanceof LeaseLost || isOutage(error) || batch.events.length === 0) throw error;
      const [only, ...others] = batch.events;
      if (only !== undefined && others.length === 0) return this.#tryAgain(place, batch, only, toError(error));
      const half = Math.floor(batch.events.length / 2);
      const middle = batch.events[half - 1]?.position ?? batch.from;
      await this.#project(place, { events: batch.events.slice(0, half), from: batch.from, to: middle });
      await this.#project(place, { events: batch.events.slice(half), from: middle, to: batch.to });
    }
  }

  async #tryAgain(place: BatchPlace, batch: Batch, event: StoredEvent, first: Error): Promise<void> {
    const { store, projection } = this.#options;
    let error = first;
    for (let attempt = 1; attempt < projection.attempts; attempt += 1) {
      const retryInMs = backoffDelay(POISON, attempt);
      store.facts.state('projection.retried', { ...this.#fields, position: event.position, retryInMs, error });
      await this.#pause(retryInMs);
      if (this.#stop.signal.aborted) throw new Stopped();
      try {
        await projectReadable(place, batch);
        this.#checkpoint = batch.to;
        return;
      } catch (cause) {
        if (cause instanceof LeaseLost || isOutage(cause)) throw cause;
        error = toError(cause);
      }
    }
    if (projection.onPoison === 'stop') return this.#standStill(place, event, error);
    await parkEvent(place, event, batch.from, error);
    this.#checkpoint = event.position;
    const { position, stream, type: eventType } = event;
    store.facts.state('projection.parked', { ...this.#fields, position, stream, eventType, error });
    if (batch.to > position) await this.#project(place, { events: [], from: position, to: batch.to });
  }

  async #standStill({ pool, names, token }: BatchPlace, event: StoredEvent, error: Error): Promise<never> {
    const { store, projection } = this.#options;
    const { position, type: eventType } = event;
    await pool.query(
      `update ${names.projection} set stopped_at = $3, stopped_because = $4, lease_until = null, owner = null
       where name = $1 and generation = 'live' and token = $2`,
      [projection.name, token, position, error.message.slice(0, 500)],
    );
    store.facts.state('projection.stopped', { ...this.#fields, position, eventType, error });
    throw new Stopped();
  }

  #checkKnown({ problem, position, type: eventType }: StoredEvent): void {
    if (problem?.kind !== 'unknown-type') return;
    const { facts } = this.#options.store;
    facts.state('projection.unhandled', { ...this.#fields, position, eventType, reason: problem.detail });
  }

  async #tellLag(): Promise<void> {
    const { store, lagEveryMs } = this.#options;
    while (!this.#stop.signal.aborted) {
      await this.#pause(lagEveryMs);
      if (this.#stop.signal.aborted || this.#held === undefined || !store.facts.wants('projection.lag')) continue;
      try {
        store.facts.state('projection.lag', { ...this.#fields, ...(await readLag(store, this.#checkpoint)) });
      } catch {
        // Away; `projection.held` has said so.
      }
    }
  }

  get #fields(): ProjectionFields {
    return { projection: this.#options.projection.name, generation: 'live' };
  }

  get #request(): LeaseRequest {
    const { projection, owner, leaseMs } = this.#options;
    return { name: projection.name, generation: 'live', owner, leaseMs };
  }

  async #idle(ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([this.#wake.promise, sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

function known(events: readonly StoredEvent[]): readonly StoredEvent[] {
  return events.some(({ problem }) => problem?.kind === 'unknown-type')
    ? events.filter(({ problem }) => problem?.kind !== 'unknown-type')
    : events;
}

/** An event that the projection handles and cannot be read fails it, like one that its handler throws on. */
async function projectReadable(place: BatchPlace, batch: Batch): Promise<void> {
  const broken = batch.events.find(({ problem }) => problem !== undefined);
  if (broken !== undefined) throw new Error(`The event cannot be read: ${broken.problem?.detail ?? ''}.`);
  await projectBatch(place, batch);
}
