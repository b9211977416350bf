import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidContractError } from '../../contracts/index.ts';
import { InvalidOptionsError, requireShape, type KnownOptions } from '../../errors/index.ts';
import { ProjectionBehindError } from './projection-behind-error.ts';
import { ProjectionUnknownError } from './projection-unknown-error.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { partsOf, type EventStore } from '../event-store.ts';
import type { StoreParts } from '../store-parts.ts';
import { readLag } from './lag.ts';
import { Listener } from './listener.ts';
import { listParked, retryParked, type ParkedEvent, type Retried } from '../park/parked.ts';
import { requireOwnSchema } from '../schema/own-schema.ts';
import { prepareProjections } from './prepare.ts';
import { requireCounts } from '../require-counts.ts';
import { requireSchemaFits, schemaOf, type Projection } from './projection.ts';
import { Projector } from './projector.ts';
import { explained } from '../store-fault.ts';
import { rebuildProjection, type RebuildOptions, type Rebuilt } from '../rebuild/rebuild.ts';

export interface ProjectionsOptions {
  readonly store: EventStore;
  readonly projections: readonly Projection[];
  /** Events a transaction at most; 1,000 by default. */
  readonly batchSize?: number;
  /** How often it looks when nobody has called; 1 s by default. */
  readonly pollEvery?: Duration;
  /** How often `projection.lag` is stated; 5 s by default. */
  readonly lagEvery?: Duration;
  /** After so long without a word from its owner a projection is run by another process; 15 s by default. */
  readonly lease?: Duration;
}

const KNOWN: KnownOptions<ProjectionsOptions> = {
  store: true,
  projections: true,
  batchSize: true,
  pollEvery: true,
  lagEvery: true,
  lease: true,
};

export interface ProjectionStatus {
  readonly name: string;
  readonly shape: number;
  /** Its tables are of another shape than this release wants: nobody of it writes them until `rebuild`. */
  readonly needsRebuild: boolean;
  readonly position: number;
  readonly owner: string | undefined;
  readonly lagEvents: number;
  readonly lagMs: number;
  readonly parked: number;
  readonly stoppedAt: number | undefined;
  readonly stoppedBecause: string | undefined;
  /** How far a rebuild has come. */
  readonly rebuilding: number | undefined;
}

const FEWEST_CONNECTIONS = 3;

/** At zero it would ask without a pause, or lose its lease before it has written anything. */
function requirePause(duration: Duration, what: string): number {
  const ms = toMilliseconds(duration, what);
  if (ms >= 1) return ms;
  throw new InvalidOptionsError(
    `Expected ${what} of projections to be at least 1 ms, got ${JSON.stringify(duration)}.`,
  );
}

/** Read models of a store, kept up to date by any number of processes: each projection is run by one of them at a time. */
export class Projections {
  readonly #store: StoreParts;
  readonly #projections: ReadonlyMap<string, Projection>;
  readonly #projectors: readonly Projector[];
  readonly #listener: Listener;
  readonly #owner = `${hostname()}.${process.pid}.${randomBytes(4).toString('hex')}`;
  readonly #batchSize: number;
  readonly #leaseMs: number;
  #stopped = false;

  /**
   * @throws InvalidContractError for a name used twice or too long, or events that the store does not know
   * @throws InvalidOptionsError for a batch of no event, which would step over all of them, and for pauses of no length
   */
  constructor(options: ProjectionsOptions) {
    const parts = { store: 'an object', projections: 'a list' } as const;
    requireShape('the options of Projections', options, KNOWN, parts);
    const { projections, batchSize = 1_000 } = options;
    const store = partsOf(options.store);
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new InvalidOptionsError(`Expected batchSize to be an integer >= 1, got ${String(batchSize)}.`);
    }
    const byName = new Map<string, Projection>();
    for (const projection of projections) {
      const { name, events } = projection;
      requireSchemaFits(name, store.namespace);
      if (byName.has(name))
        throw new InvalidContractError(`Expected each name of a projection once, got two projections named "${name}".`);
      for (const contract of events) {
        if (store.contracts.get(contract.name) !== contract) {
          throw new InvalidContractError(
            `Expected the projection "${name}" to handle events of the store, got "${contract.name}": name it among the store's events.`,
          );
        }
      }
      byName.set(name, projection);
    }
    this.#store = store;
    this.#projections = byName;
    this.#batchSize = batchSize;
    this.#leaseMs = requirePause(options.lease ?? '15s', 'lease');
    this.#projectors = projections.map(
      projection =>
        new Projector({
          store,
          projection,
          owner: this.#owner,
          batchSize,
          pollEveryMs: requirePause(options.pollEvery ?? '1s', 'pollEvery'),
          lagEveryMs: requirePause(options.lagEvery ?? '5s', 'lagEvery'),
          leaseMs: this.#leaseMs,
        }),
    );
    this.#listener = new Listener(store.pool, store.names.channel);
    for (const projector of this.#projectors) this.#listener.onCall(() => projector.wake());
  }

  /** Creates the tables of new projections; answers the names of those that need a rebuild because their shape has changed. */
  prepare(): Promise<readonly string[]> {
    return this.#explained(prepareProjections(this.#store, [...this.#projections.values()]));
  }

  /**
   * Begins; repeated calls are one.
   * @throws InvalidOptionsError for a pool that is too small: all of its connections would wait for one that never comes; after `stop`
   */
  start(): void {
    if (this.#stopped) {
      throw new InvalidOptionsError(
        'Expected projections that were not stopped, which is for good: make new ones to start again.',
      );
    }
    const { max } = this.#store.pool.options;
    if (max < FEWEST_CONNECTIONS) {
      throw new InvalidOptionsError(
        `Expected a pool of at least ${FEWEST_CONNECTIONS} connections for projections (one listens, one writes, one reads), got max: ${max}. ` +
          'Two for each projection and one to listen are best.',
      );
    }
    this.#listener.start();
    for (const projector of this.#projectors) projector.start();
  }

  /** Ends after the batches that are under way, for good. Harmless before `start`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#listener.stop(), ...this.#projectors.map(projector => projector.stop())]);
  }

  /** The schema of its tables, quoted where SQL needs that. @throws ProjectionUnknownError */
  schemaOf(name: string): string {
    const schema = schemaOf(this.#get(name).name, this.#store.namespace);
    return /^[a-z0-9_]+$/.test(schema) ? schema : `"${schema}"`;
  }

  /**
   * Waits until the projection shows what was appended at that position.
   * @throws ProjectionBehindError, InvalidOptionsError
   */
  async waitFor(name: string, position: number, timeout: Duration = '5s'): Promise<void> {
    this.#get(name);
    requireCounts({ position });
    const timeoutMs = toMilliseconds(timeout, 'timeout');
    const endsAt = performance.now() + timeoutMs;
    for (let pauseMs = 2; ; pauseMs = Math.min(50, pauseMs * 1.5)) {
      const { rows } = await this.#store.pool.query<{ checkpoint: number }>(
        `select checkpoint::float8 from ${this.#store.names.projection} where name = $1 and generation = 'live'`,
        [name],
      );
      const reached = rows[0]?.checkpoint ?? 0;
      if (reached >= position) return;
      if (performance.now() >= endsAt) throw new ProjectionBehindError(name, position, reached, timeoutMs);
      await sleep(pauseMs);
    }
  }

  /** @throws ProjectionUnknownError, Error when an event fails */
  async rebuild(name: string, options: Pick<RebuildOptions, 'signal' | 'onProgress'> = {}): Promise<Rebuilt> {
    const projection = this.#get(name);
    const { names, namespace, pool } = this.#store;
    await this.#explained(requireOwnSchema(pool, names, name, namespace));
    const rebuilt = rebuildProjection(this.#store, projection, {
      ...options,
      // One for each call: two of this process would take the lease from each other.
      owner: `${this.#owner}.rebuild.${randomBytes(4).toString('hex')}`,
      leaseMs: this.#leaseMs,
      batchSize: this.#batchSize,
    });
    return this.#explained(rebuilt);
  }

  /** Lets a projection that stands still try again. */
  async resume(name: string): Promise<void> {
    const { names, pool } = this.#store;
    await pool.query(
      `update ${names.projection} set stopped_at = null, stopped_because = null where name = $1 and generation = 'live'`,
      [this.#get(name).name],
    );
    await pool.query('select pg_notify($1, $2)', [names.channel, '']);
  }

  /** Its dead letters. */
  parked(name: string, limit?: number): Promise<ParkedEvent[]> {
    return listParked(this.#store, this.#get(name).name, limit);
  }

  /** Projects its dead letters again, in order. */
  retryParked(name: string): Promise<Retried> {
    return retryParked(this.#store, this.#get(name));
  }

  status(): Promise<readonly ProjectionStatus[]> {
    return this.#explained(this.#status());
  }

  async #status(): Promise<readonly ProjectionStatus[]> {
    const { pool, names } = this.#store;
    const { rows } = await pool.query<{
      name: string;
      generation: string;
      shape: number;
      checkpoint: number;
      owner: string | null;
      stopped_at: number | null;
      stopped_because: string | null;
      parked: number;
    }>(
      `select name, generation, shape, checkpoint::float8, case when lease_until > clock_timestamp() then owner end as owner,
              stopped_at::float8, stopped_because,
              (select count(*)::int from ${names.parked} k where k.name = p.name and k.generation = p.generation) as parked
       from ${names.projection} p order by name`,
    );
    const live = rows.filter(({ generation, name }) => generation === 'live' && this.#projections.has(name));
    return Promise.all(
      live.map(async row => {
        const { events, lagMs } = await readLag(this.#store, row.checkpoint);
        const next = rows.find(({ generation, name }) => generation === 'next' && name === row.name);
        return {
          name: row.name,
          shape: row.shape,
          needsRebuild: this.#projections.get(row.name)?.shape !== row.shape,
          position: row.checkpoint,
          owner: row.owner ?? undefined,
          lagEvents: events,
          lagMs,
          parked: row.parked,
          stoppedAt: row.stopped_at ?? undefined,
          stoppedBecause: row.stopped_because ?? undefined,
          rebuilding: next?.checkpoint,
        };
      }),
    );
  }

  /** A database without the tables says so in words that help. */
  async #explained<Value>(answer: Promise<Value>): Promise<Value> {
    try {
      return await answer;
    } catch (cause) {
      throw explained(cause, this.#store.names.schema);
    }
  }

  #get(name: string): Projection {
    const projection = this.#projections.get(name);
    if (projection === undefined) throw new ProjectionUnknownError(name, [...this.#projections.keys()]);
    return projection;
  }
}
