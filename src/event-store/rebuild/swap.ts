import type { PoolClient } from 'pg';
import { blamesDatabase } from '../park/poison.ts';
import { BatchSource } from '../project/batch-source.ts';
import type { StoreParts } from '../store-parts.ts';
import {
  cutOffWhenIdle,
  enterSchema,
  inTransaction,
  LeaseLost,
  writeEvents,
  type BatchTarget,
} from '../project/project-batch.ts';
import { schemaOf } from '../project/projection.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import { isKnown, emitUnhandled } from '../park/unknown-events.ts';

export interface Swapped {
  /** Where it stands now. */
  readonly position: number;
  /** How many events were written on the way. */
  readonly events: number;
}

/** The last batches are written while the live projection waits: so small that nobody notices. */
export const SWAP_WITHIN = 500;

class EventFailed extends Error {}

/**
 * The last events and the change of places, in one transaction, in which the live projection waits. Undefined when an event of them fails,
 * or may not be passed over: that is for the runner, with its attempts and its policies. It takes one connection and asks for no other:
 * those that could be free may be waiting for it.
 */
export async function swap(
  store: StoreParts,
  target: BatchTarget,
  from: number,
  safePosition: number,
): Promise<Swapped | undefined> {
  const passed: StoredEvent[] = [];
  try {
    const swapped = await inTransaction(target.pool, async client => {
      const live = await lockBoth(client, target, from);
      // Not farther: readers must not go back, and writers may never pause.
      const written = await catchUp(client, store, target, { from, to: Math.max(live, safePosition) }, passed);
      await exchangeSchemas(client, target, written.position);
      return written;
    });
    emitUnhandled(store, target, passed);
    return swapped;
  } catch (error) {
    if (error instanceof EventFailed) return undefined;
    throw error;
  }
}

/** Answers where the live one stands. @throws LeaseLost */
async function lockBoth(
  client: PoolClient,
  { names, projection, token, leaseMs }: BatchTarget,
  from: number,
): Promise<number> {
  // A process that is frozen now would keep the live one waiting for ever.
  await client.query(cutOffWhenIdle(leaseMs));
  const live = await client.query<{ checkpoint: number }>(
    `select checkpoint::float8 from ${names.projection} where name = $1 and generation = 'live' for update`,
    [projection.name],
  );
  const next = await client.query(
    `select 1 from ${names.projection} where name = $1 and generation = 'next' and token = $2 and checkpoint = $3 for update`,
    [projection.name, token, from],
  );
  if (next.rowCount !== 1) throw new LeaseLost('Another process rebuilds the projection now.');
  return live.rows[0]?.checkpoint ?? 0;
}

async function catchUp(
  client: PoolClient,
  store: StoreParts,
  target: BatchTarget,
  { from, to }: { readonly from: number; readonly to: number },
  passed: StoredEvent[],
): Promise<Swapped> {
  const { names, projection } = target;
  const { rows } = await client.query<{ stream: string }>(
    `select distinct stream from ${names.parked} where name = $1 and generation = 'next'`,
    [projection.name],
  );
  const parked = new Set(rows.map(({ stream }) => stream));
  await client.query(enterSchema(target));
  const source = new BatchSource(store, projection, SWAP_WITHIN, client);
  let position = from;
  let events = 0;
  while (position < to) {
    const batch = await source.next(position);
    if (batch === undefined) throw new Error('The live projection stands behind events that are not decided.');
    const unknown = batch.events.filter(event => !isKnown(event));
    if (unknown.length > 0 && projection.onUnknown === 'stop') throw new EventFailed('It may not pass an event over.');
    await writeEvents(client, target, batch.events.filter(isKnown), parked).catch((cause: unknown) => {
      throw blamesDatabase(cause) ? cause : new EventFailed('The handler failed.', { cause });
    });
    passed.push(...unknown);
    position = batch.to;
    events += batch.events.length;
  }
  return { position, events };
}

async function exchangeSchemas(
  client: PoolClient,
  { names, namespace, projection }: BatchTarget,
  position: number,
): Promise<void> {
  const { name, shape } = projection;
  await renameSchemas(client, name, namespace);
  await client.query(`delete from ${names.parked} where name = $1 and generation = 'live'`, [name]);
  await client.query(`update ${names.parked} set generation = 'live' where name = $1`, [name]);
  const { rows } = await client.query<{ begins_at: string }>(
    `delete from ${names.projection} where name = $1 and generation = 'next' returning begins_at`,
    [name],
  );
  // A new token: what the live projector has under way is refused.
  await client.query(
    `insert into ${names.projection} as p (name, generation, shape, checkpoint, begins_at) values ($1, 'live', $2, $3, $4)
     on conflict (name, generation) do update set shape = $2, checkpoint = $3, begins_at = $4, token = p.token + 1, owner = null,
       lease_until = null, stopped_at = null, stopped_because = null, updated_at = now()`,
    [name, shape, position, rows[0]?.begins_at ?? 0],
  );
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
