import type { Pool, PoolClient } from 'pg';
import { callWithin } from '../../resilience/index.ts';
import { inTransaction as inSession } from '../../sessions/index.ts';
import { BatchTransaction, MARK_BATCH } from './batch-transaction.ts';
import type { StoreNames } from '../schema/names.ts';
import { storedReason } from '../park/poison.ts';
import { schemaOf, type Generation, type Projection } from './projection.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/** Another process writes the projection now. */
export class LeaseLost extends Error {}

export interface BatchTarget {
  readonly pool: Pool;
  readonly names: StoreNames;
  readonly namespace: string | undefined;
  readonly projection: Projection;
  readonly generation: Generation;
  readonly token: number;
  readonly leaseMs: number;
}

export interface Batch {
  /** In order; those of parked streams among them. */
  readonly events: readonly StoredEvent[];
  /** The checkpoint it stands on, and the one it leads to. */
  readonly from: number;
  readonly to: number;
}

/**
 * Reads, writes and checkpoint in one transaction: all of it is there, or nothing. The row of the projection is locked first, with the
 * token: whoever has lost the lease writes nothing.
 * @throws LeaseLost
 */
export async function projectBatch(target: BatchTarget, { events, from, to }: Batch): Promise<void> {
  await inTransaction(target.pool, async client => {
    const parked = await enter(client, target, from);
    await writeEvents(client, target, events, parked);
    await advance(client, target, to);
  });
}

/** Calls the handler with what is not parked; what is goes behind its stream's earlier events. */
export async function writeEvents(
  client: PoolClient,
  target: BatchTarget,
  events: readonly StoredEvent[],
  parked: ReadonlySet<string>,
): Promise<void> {
  const due = parked.size === 0 ? events : events.filter(({ stream }) => !parked.has(stream));
  const broken = due.find(({ problem }) => problem !== undefined);
  // One that it handles and that cannot be read fails it, like one that its handler throws on.
  if (broken !== undefined) throw new Error(`The event cannot be read: ${broken.problem?.detail ?? ''}.`);
  if (due.length > 0) await callProject(client, target.projection, due);
  if (due.length === events.length) return;
  for (const event of events) if (parked.has(event.stream)) await park(client, target, event, null);
}

/** Sets the event aside and steps behind it. @throws LeaseLost */
export async function parkEvent(target: BatchTarget, event: StoredEvent, from: number, error: Error): Promise<void> {
  await inTransaction(target.pool, async client => {
    await enter(client, target, from);
    await park(client, target, event, error);
    await advance(client, target, event.position);
  });
}

/** Calls the handler in the client's transaction; also what it did not await must have succeeded. */
export async function callProject(
  client: PoolClient,
  projection: Projection,
  events: readonly StoredEvent[],
): Promise<void> {
  const tx = new BatchTransaction(client);
  try {
    await projection.project(events, tx);
  } finally {
    await tx.end();
  }
}

/** Where a handler's bare names lead. Names and numbers of ours alone come into the text. */
export function enterSchema(target: Pick<BatchTarget, 'namespace' | 'projection' | 'generation'>): string {
  return `set local search_path = "${schemaOf(target.projection.name, target.namespace, target.generation)}"; ${MARK_BATCH}`;
}

/** A process that stands still in a batch (frozen, cut off, a handler that never ends) would keep the row locked, whoever has the lease. */
const IDLE_AT_LEAST_MS = 2_000;

/** The database ends its transaction then. */
export function cutOffWhenIdle(leaseMs: number): string {
  return `set local idle_in_transaction_session_timeout = ${Math.max(IDLE_AT_LEAST_MS, Math.round(leaseMs))}`;
}

/** One round trip: begins in the projection's schema, locks its row, and answers the streams that are parked. */
async function enter(client: PoolClient, target: BatchTarget, from: number): Promise<ReadonlySet<string>> {
  const { names, projection, generation, token, leaseMs } = target;
  const key = `name = '${projection.name}' and generation = '${generation}'`;
  const answers: unknown = await answered<unknown>(() =>
    client.query(
      `${enterSchema(target)}; ${cutOffWhenIdle(leaseMs)};
     select 1 from ${names.projection} where ${key} and token = ${token} and checkpoint = ${from} and stopped_at is null for update;
     select distinct stream from ${names.parked} where ${key}`,
    ),
  );
  // A text of several statements answers with several results.
  const [, , , locked, parked] = answers as { readonly rowCount: number | null; readonly rows: { stream: string }[] }[];
  if (locked?.rowCount !== 1) throw new LeaseLost('Another process writes the projection now.');
  return new Set(parked?.rows.map(({ stream }) => stream));
}

async function advance(
  client: PoolClient,
  { names, projection, generation, leaseMs }: BatchTarget,
  to: number,
): Promise<void> {
  await answered(() =>
    client.query(
      `update ${names.projection} set checkpoint = $3, updated_at = now(),
       lease_until = clock_timestamp() + $4 * interval '1 millisecond'
     where name = $1 and generation = $2`,
      [projection.name, generation, to, leaseMs],
    ),
  );
}

async function park(
  client: PoolClient,
  { names, projection, generation }: BatchTarget,
  { position, stream }: StoredEvent,
  error: Error | null,
): Promise<void> {
  await client.query(
    `insert into ${names.parked} (name, generation, position, stream, error) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [projection.name, generation, position, stream, error === null ? null : storedReason(error)],
  );
}

/** A handler may take long over a batch; the server and this process give it up all the same in the end. */
const BOUNDS = { limitMs: 600_000, idleMs: 60_000 } as const;

/** Commits what `act` has done, or, when it rejects, nothing of it. Always read committed: the lock must see the newest row. */
export function inTransaction<Result>(pool: Pool, act: (client: PoolClient) => Promise<Result>): Promise<Result> {
  return inSession(pool, BOUNDS, act);
}

/** Our own statements take milliseconds: without an answer for so long the connection is gone, whatever it says. */
const ANSWER_MS = 15_000;

function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  return callWithin({ what: 'a statement of a projection', limitMs: ANSWER_MS }, ask);
}
