import { toError } from '../../errors/index.ts';
import { bareError } from '../../privacy/index.ts';
import type { ProjectionFields } from '../../facts/index.ts';
import { backoffDelay, callWithin, exponential, Progress } from '../../resilience/index.ts';
import { BatchSource } from './batch-source.ts';
import type { StoreParts } from '../store-parts.ts';
import { acquireLease, releaseLease, renewLease, type Lease, type LeaseRequest } from './lease.ts';
import { readLag } from './lag.ts';
import { BatchRunner, Interrupted, PoisonEvent } from './batch-runner.ts';
import { storedReason } from '../park/poison.ts';
import { askWithin } from '../../sessions/index.ts';
import type { TextSql } from '../schema/sql.ts';
import { LeaseLost, type Batch } from './project-batch.ts';
import type { Projection } from './projection.ts';
import { sleepOrStop } from '../../time/index.ts';

export interface ProjectorOptions {
  readonly store: StoreParts;
  readonly projection: Projection;
  /** Names this process. */
  readonly owner: string;
  readonly batchSize: number;
  readonly pollEveryMs: number;
  readonly lagEveryMs: number;
  readonly leaseMs: number;
}

/** A batch that has not ended by then is no progress. */
const STILL_MS = 30_000;
const READ_MS = 60_000;
const ANSWER_MS = 15_000;

const OUTAGE = exponential({ from: '100ms', to: '5s' });

/**
 * Keeps one projection up to date, in this process or, while another holds the lease, not at all. Catches up, then follows. Never
 * rejects: what is away is waited for.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  /** While this process holds the lease. */
  #runner: BatchRunner | undefined;
  #failures = 0;
  readonly #progress: Progress;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    const { facts } = options.store;
    this.#progress = new Progress({
      what: `a batch of the projection "${options.projection.name}"`,
      limitMs: STILL_MS,
      stalled: error => facts.emit('projection.stalled', { ...this.#fields, error: bareError(error) }),
      resumed: () => facts.emit('projection.resumed', this.#fields),
    });
  }

  start(): void {
    this.#running ??= Promise.all([this.#run(), this.#emitLag()]).then(() => undefined);
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
    this.#progress.stop();
  }

  async #run(): Promise<void> {
    const { store } = this.#options;
    while (!this.#stop.signal.aborted) {
      this.#progress.begun();
      try {
        const lease = await acquireLease(this.#sql, store.names, this.#request);
        if (lease !== undefined && this.#mayRun(lease)) await this.#hold(lease);
        else {
          // A process of another release may be the one that can run it.
          if (lease !== undefined) await this.#release(lease);
          this.#progress.ended();
          await this.#pause(this.#options.pollEveryMs);
        }
      } catch (error) {
        await this.#endure(error);
      }
    }
  }

  async #endure(error: unknown): Promise<void> {
    const { store } = this.#options;
    if (error instanceof LeaseLost) return store.facts.emit('projection.lost', this.#fields);
    this.#failures += 1;
    this.#progress.failed(toError(error));
    await this.#pause(backoffDelay(OUTAGE, this.#failures));
  }

  /** One that stands still, or whose tables are of another shape, is left to whoever resumes or rebuilds it. */
  #mayRun({ stoppedAt, shape }: Lease): boolean {
    return stoppedAt === undefined && shape === this.#options.projection.shape;
  }

  async #hold(lease: Lease): Promise<void> {
    const { store } = this.#options;
    store.facts.emit('projection.started', { ...this.#fields, position: lease.checkpoint });
    try {
      await this.#follow(lease);
    } catch (error) {
      if (error instanceof PoisonEvent) return await this.#standStill(lease, error);
      if (!(error instanceof Interrupted)) throw error;
    } finally {
      this.#runner = undefined;
    }
    await this.#release(lease);
  }

  async #follow({ token, checkpoint }: Lease): Promise<void> {
    const { store, projection, batchSize, leaseMs, pollEveryMs } = this.#options;
    const { pool, names, namespace } = store;
    const target = { pool, names, namespace, projection, generation: 'live', token, leaseMs } as const;
    const source = new BatchSource(store, projection, batchSize);
    const runner = new BatchRunner(store, target, checkpoint, this.#stop.signal);
    this.#runner = runner;
    let renewAt = performance.now() + leaseMs / 3;
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      const startedAt = performance.now();
      this.#progress.begun();
      const limit = { what: 'the reading of events', limitMs: READ_MS };
      const batch = await callWithin(limit, () => source.next(runner.checkpoint));
      if (batch !== undefined) {
        await runner.run(batch);
        this.#emitAdvance(batch, performance.now() - startedAt);
        this.#progress.ended();
      } else {
        this.#progress.ended();
        await this.#idle(Math.min(pollEveryMs, Math.max(10, renewAt - performance.now())));
      }
      this.#failures = 0;
      if (batch !== undefined || performance.now() < renewAt) continue;
      if (!(await renewLease(this.#sql, names, this.#request, token))) throw new LeaseLost();
      renewAt = performance.now() + leaseMs / 3;
    }
  }

  async #standStill({ token }: Lease, { event, reason }: PoisonEvent): Promise<void> {
    const { store, projection } = this.#options;
    const { position, type: eventType } = event;
    await this.#sql.query(
      `update ${store.names.projection} set stopped_at = $3, stopped_because = $4, lease_until = null, owner = null
       where name = $1 and generation = 'live' and token = $2`,
      [projection.name, token, position, storedReason(reason)],
    );
    store.facts.emit('projection.stopped', { ...this.#fields, position, eventType, error: reason });
  }

  #release({ token }: Lease): Promise<void> {
    const { store } = this.#options;
    return releaseLease(this.#sql, store.names, this.#request, token);
  }

  #emitAdvance({ events, to }: Batch, tookMs: number): void {
    const { facts } = this.#options.store;
    if (!facts.wants('projection.advanced')) return;
    const fields = { events: events.length, position: to, tookMs: Math.round(tookMs) };
    facts.emit('projection.advanced', { ...this.#fields, ...fields });
  }

  async #emitLag(): Promise<void> {
    const { store, lagEveryMs } = this.#options;
    while (!this.#stop.signal.aborted) {
      await this.#pause(lagEveryMs);
      if (this.#stop.signal.aborted || !store.facts.wants('projection.lag')) continue;
      try {
        // Also of one that stands still or that nobody runs: whoever watches must see it fall behind.
        const checkpoint = this.#runner?.checkpoint ?? (await this.#abandonedAt());
        if (checkpoint === undefined) continue;
        store.facts.emit('projection.lag', { ...this.#fields, ...(await readLag(store, checkpoint)) });
      } catch {
        // Away; `projection.stalled` has said so.
      }
    }
  }

  /** Undefined while another process runs it. */
  async #abandonedAt(): Promise<number | undefined> {
    const { store, projection } = this.#options;
    const { rows } = await store.pool.query<{ checkpoint: number }>(
      `select checkpoint::float8 from ${store.names.projection} where name = $1 and generation = 'live'
         and (stopped_at is not null or lease_until is null or lease_until < clock_timestamp())`,
      [projection.name],
    );
    return rows[0]?.checkpoint;
  }

  /** Of the pool, each statement with a limit: what is asked here takes milliseconds. */
  get #sql(): TextSql {
    const { pool } = this.#options.store;
    return { query: (text: string, values?: unknown[]) => askWithin(pool, ANSWER_MS, text, values) };
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
    await Promise.race([this.#wake.promise, sleepOrStop(ms, timer.signal)]);
    timer.abort();
  }

  async #pause(ms: number): Promise<void> {
    await sleepOrStop(ms, this.#stop.signal);
  }
}
