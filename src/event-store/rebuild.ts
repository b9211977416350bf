import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { InvalidOptionsError, ProjectionFailedError } from '../errors/index.ts';
import { BatchSource } from './batch-source.ts';
import type { EventStore } from './event-store.ts';
import { acquireLease, releaseLease, type Lease } from './lease.ts';
import { BatchRunner, isKnown, PoisonEvent } from './batch-runner.ts';
import { isOutage } from './poison.ts';
import { enterSchema, inTransaction, LeaseLost, writeEvents, type BatchPlace } from './project-batch.ts';
import { schemaOf, type Projection } from './projection.ts';

export interface RebuildOptions {
  readonly owner: string;
  readonly leaseMs: number;
  readonly batchSize: number;
  /** Stops it after the batch that is under way; the next call goes on from there. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly position: number; readonly head: number }) => void) | undefined;
}

export interface Rebuilt {
  /** False: it was stopped; call again to go on. */
  readonly finished: boolean;
  readonly events: number;
  readonly position: number;
}

/** The last batches are written while the live projection waits: so small that nobody notices. */
const SWAP_WITHIN = 500;

/**
 * Builds the projection anew beside the live one, catches up, and takes its place in one transaction: readers see the old tables or the
 * new ones. The live one goes on until then, and afterwards from where the new one stands.
 * @throws ProjectionFailedError when an event fails and the projection's policy is to stop; the live one stays as it was
 */
export async function rebuildProjection(
  store: EventStore,
  projection: Projection,
  options: RebuildOptions,
): Promise<Rebuilt> {
  const startedAt = performance.now();
  const { name } = projection;
  if (!projection.rebuildable) {
    throw new InvalidOptionsError(
      `Expected a projection that can be rebuilt, got "${name}": it does more than write tables, and would do it again.`,
    );
  }
  const request = { name, generation: 'next', owner: options.owner, leaseMs: options.leaseMs } as const;
  await begin(store, projection);
  const lease = await waitForLease(store, projection, request, options.signal);
  if (lease === undefined) return { finished: false, events: 0, position: 0 };
  const { pool, names, namespace, facts } = store;
  const place: BatchPlace = {
    pool,
    names,
    namespace,
    projection,
    generation: 'next',
    token: lease.token,
    leaseMs: options.leaseMs,
  };
  const source = new BatchSource(store, projection, options.batchSize);
  const runner = new BatchRunner(store, place, lease.checkpoint, options.signal);
  let events = 0;
  let swapped: number | undefined;
  try {
    while (swapped === undefined) {
      options.signal?.throwIfAborted();
      const batch = await source.next(runner.checkpoint);
      if (batch === undefined || (batch.to >= source.horizon && batch.events.length < SWAP_WITHIN)) {
        swapped = await swap(store, place, runner.checkpoint, source.horizon);
        events += batch?.events.length ?? 0;
        if (swapped !== undefined || batch === undefined) continue;
      }
      await runner.run(batch);
      events += batch.events.length;
      const progress = { position: runner.checkpoint, head: source.horizon };
      options.onProgress?.(progress);
      facts.state('projection.rebuilding', { projection: name, generation: 'next', ...progress });
    }
  } catch (error) {
    await releaseLease(pool, names, request, lease.token).catch(() => undefined);
    if (options.signal?.aborted === true) return { finished: false, events, position: runner.checkpoint };
    if (error instanceof PoisonEvent) throw new ProjectionFailedError(name, error.event.position, error.reason);
    throw error;
  }
  const tookMs = Math.round(performance.now() - startedAt);
  facts.state('projection.rebuilt', { projection: name, generation: 'live', events, tookMs });
  await dropOld(store, projection);
  return { finished: true, events, position: swapped };
}

/** Makes the place for it; what an earlier attempt of the same shape has built is kept. */
async function begin({ pool, names, namespace }: EventStore, { name, shape, tables }: Projection): Promise<void> {
  const next = schemaOf(name, namespace, 'next');
  await inTransaction(pool, async client => {
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [`${names.schema} ${name}`]);
    const { rows } = await client.query<{ shape: number }>(
      `select shape from ${names.projection} where name = $1 and generation = 'next' for update`,
      [name],
    );
    if (rows[0]?.shape === shape) return;
    await client.query(
      `drop schema if exists "${next}" cascade; create schema "${next}"; set local search_path = "${next}"; ${tables}`,
    );
    await client.query(
      `insert into ${names.projection} as p (name, generation, shape) values ($1, 'next', $2)
       on conflict (name, generation) do update
       set shape = $2, checkpoint = 0, token = p.token + 1, owner = null, lease_until = null`,
      [name, shape],
    );
  });
}

/** Another process may be building it, or have died while it did. Once that one is done there is nothing to wait for: it begins anew. */
async function waitForLease(
  store: EventStore,
  projection: Projection,
  request: Parameters<typeof acquireLease>[2],
  signal: AbortSignal | undefined,
): Promise<Lease | undefined> {
  const { pool, names } = store;
  for (;;) {
    if (signal?.aborted === true) return undefined;
    const lease = await acquireLease(pool, names, request);
    if (lease !== undefined) return lease;
    const { rowCount } = await pool.query(`select 1 from ${names.projection} where name = $1 and generation = 'next'`, [
      projection.name,
    ]);
    if (rowCount === 0) {
      await begin(store, projection);
      continue;
    }
    await sleep(Math.min(500, request.leaseMs / 2), undefined, signal && { signal }).catch(() => undefined);
  }
}

/**
 * The last events and the change of places, in one transaction, in which the live projection waits. Undefined when an event of them fails:
 * that is for the runner, with its attempts and its policy.
 */
async function swap(store: EventStore, place: BatchPlace, from: number, horizon: number): Promise<number | undefined> {
  try {
    return await inTransaction(place.pool, client => changePlaces(client, store, place, from, horizon));
  } catch (error) {
    if (error instanceof HandlerFailed) return undefined;
    throw error;
  }
}

class HandlerFailed extends Error {}

async function changePlaces(
  client: PoolClient,
  store: EventStore,
  place: BatchPlace,
  from: number,
  horizon: number,
): Promise<number> {
  const { names, namespace, projection, token } = place;
  const { name } = projection;
  const live = await client.query<{ checkpoint: number }>(
    `select checkpoint::float8 from ${names.projection} where name = $1 and generation = 'live' for update`,
    [name],
  );
  const next = await client.query(
    `select 1 from ${names.projection} where name = $1 and generation = 'next' and token = $2 and checkpoint = $3 for update`,
    [name, token, from],
  );
  if (next.rowCount !== 1) throw new LeaseLost('Another process rebuilds the projection now.');
  const parked = await client.query<{ stream: string }>(
    `select distinct stream from ${names.parked} where name = $1 and generation = 'next'`,
    [name],
  );
  const streams = new Set(parked.rows.map(({ stream }) => stream));
  await client.query(enterSchema(place));
  const source = new BatchSource(store, projection, SWAP_WITHIN);
  // Not farther: readers must not go back, and writers may never pause.
  const goal = Math.max(live.rows[0]?.checkpoint ?? 0, horizon);
  let position = from;
  while (position < goal) {
    const batch = await source.next(position);
    if (batch === undefined) throw new Error('The live projection stands behind events that are not decided.');
    await writeEvents(client, place, batch.events.filter(isKnown), streams).catch((cause: unknown) => {
      throw isOutage(cause) ? cause : new HandlerFailed('The handler failed.', { cause });
    });
    position = batch.to;
  }
  await renameSchemas(client, name, namespace);
  await client.query(`delete from ${names.parked} where name = $1 and generation = 'live'`, [name]);
  await client.query(`update ${names.parked} set generation = 'live' where name = $1`, [name]);
  await client.query(`delete from ${names.projection} where name = $1 and generation = 'next'`, [name]);
  // A new token: what the live projector has under way is refused.
  await client.query(
    `insert into ${names.projection} as p (name, generation, shape, checkpoint) values ($1, 'live', $2, $3)
     on conflict (name, generation) do update set shape = $2, checkpoint = $3, token = p.token + 1, owner = null,
       lease_until = null, stopped_at = null, stopped_because = null, updated_at = now()`,
    [name, projection.shape, position],
  );
  return position;
}

async function renameSchemas(client: PoolClient, name: string, namespace: string | undefined): Promise<void> {
  const [live, next, old] = [
    schemaOf(name, namespace),
    schemaOf(name, namespace, 'next'),
    schemaOf(name, namespace, 'old'),
  ];
  // Left by a rebuild that died between the swap and the clearing up.
  await client.query(`drop schema if exists "${old}" cascade`);
  const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [live]);
  if (rowCount === 1) await client.query(`alter schema "${live}" rename to "${old}"`);
  await client.query(`alter schema "${next}" rename to "${live}"`);
}

/** After the swap, so that a reader of the old tables is waited for by nobody who matters. */
async function dropOld({ pool, namespace }: EventStore, { name }: Projection): Promise<void> {
  await pool.query(`drop schema if exists "${schemaOf(name, namespace, 'old')}" cascade`);
}
