import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { InvalidOptionsError } from '../../errors/index.ts';
import { ProjectionFailedError } from '../park/projection-failed-error.ts';
import { BatchSource } from '../project/batch-source.ts';
import type { StoreParts } from '../store-parts.ts';
import { acquireLease, releaseLease, type Lease } from '../project/lease.ts';
import { BatchRunner, PoisonEvent } from '../project/batch-runner.ts';
import { inTransaction, type BatchTarget } from '../project/project-batch.ts';
import { schemaOf, type Projection } from '../project/projection.ts';
import { swap, SWAP_WITHIN, type Swapped } from './swap.ts';

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

/**
 * Builds the projection anew beside the live one, catches up, and takes its place in one transaction: readers see the old tables or the
 * new ones. The live one goes on until then, and afterwards from where the new one stands.
 * @throws ProjectionFailedError when an event fails and the projection's policy is to stop; the live one stays as it was
 */
export async function rebuildProjection(
  store: StoreParts,
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
  const target: BatchTarget = {
    pool,
    names,
    namespace,
    projection,
    generation: 'next',
    token: lease.token,
    leaseMs: options.leaseMs,
  };
  const source = new BatchSource(store, projection, options.batchSize);
  const runner = new BatchRunner(store, target, lease.checkpoint, options.signal);
  let events = 0;
  let swapped: Swapped | undefined;
  try {
    while (swapped === undefined) {
      options.signal?.throwIfAborted();
      const batch = await source.next(runner.checkpoint);
      if (batch === undefined || (batch.to >= source.safePosition && batch.events.length < SWAP_WITHIN)) {
        swapped = await swap(store, target, runner.checkpoint, source.safePosition);
        if (swapped !== undefined || batch === undefined) continue;
      }
      await runner.run(batch);
      events += batch.events.length;
      const progress = { position: runner.checkpoint, head: source.safePosition };
      options.onProgress?.(progress);
      facts.emit('projection.rebuilding', { projection: name, generation: 'next', ...progress });
    }
  } catch (error) {
    await releaseLease(pool, names, request, lease.token).catch(() => undefined);
    if (options.signal?.aborted === true) return { finished: false, events, position: runner.checkpoint };
    if (error instanceof PoisonEvent) throw new ProjectionFailedError(name, error.event.position, error.reason);
    throw error;
  }
  events += swapped.events;
  const tookMs = Math.round(performance.now() - startedAt);
  facts.emit('projection.rebuilt', { projection: name, generation: 'live', events, tookMs });
  await dropOld(store, projection);
  return { finished: true, events, position: swapped.position };
}

/**
 * Makes the place for it; what an earlier attempt of the same shape has built is kept. It begins where the live one began: what had
 * happened before a projection that starts now is in neither.
 */
async function begin(store: StoreParts, { name, shape, tables, startAt }: Projection): Promise<void> {
  const { pool, names, namespace } = store;
  const next = schemaOf(name, namespace, 'next');
  const now = startAt === 'now' ? await store.reader.safePosition() : 0;
  await inTransaction(pool, async client => {
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [`${names.schema} ${name}`]);
    const { rows } = await client.query<{ shape: number }>(
      `select shape from ${names.projection} where name = $1 and generation = 'next' for update`,
      [name],
    );
    if (rows[0]?.shape === shape) return;
    const beginsAt = startAt === 'now' ? ((await liveBeganAt(client, store, name)) ?? now) : 0;
    await client.query(
      `drop schema if exists "${next}" cascade; create schema "${next}"; set local search_path = "${next}"; ${tables}`,
    );
    // Dead letters of an attempt that was given up: what failed on another shape may not fail on this one.
    await client.query(`delete from ${names.parked} where name = $1 and generation = 'next'`, [name]);
    await client.query(
      `insert into ${names.projection} as p (name, generation, shape, checkpoint, begins_at) values ($1, 'next', $2, $3, $3)
         on conflict (name, generation) do update
         set shape = $2, checkpoint = $3, begins_at = $3, token = p.token + 1, owner = null, lease_until = null`,
      [name, shape, beginsAt],
    );
  });
}

async function liveBeganAt(client: PoolClient, { names }: StoreParts, name: string): Promise<number | undefined> {
  const { rows } = await client.query<{ begins_at: number }>(
    `select begins_at::float8 from ${names.projection} where name = $1 and generation = 'live'`,
    [name],
  );
  return rows[0]?.begins_at;
}

/** Another process may be building it, or have died while it did. Once that one is done there is nothing to wait for: it begins anew. */
async function waitForLease(
  store: StoreParts,
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

/** After the swap, so that a reader of the old tables is waited for by nobody who matters. */
async function dropOld({ pool, namespace }: StoreParts, { name }: Projection): Promise<void> {
  await pool.query(`drop schema if exists "${schemaOf(name, namespace, 'old')}" cascade`);
}
