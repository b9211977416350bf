import { InvalidOptionsError, toError } from '../../errors/index.ts';
import type { StoreParts } from '../store-parts.ts';
import { blamesDatabase, storedReason } from './poison.ts';
import { callProject, enterSchema, inTransaction } from '../project/project-batch.ts';
import type { Projection } from '../project/projection.ts';
import type { EventRow } from '../read/read-event.ts';
import { EVENT_COLUMNS } from '../read/read-event.ts';
import { requireCounts } from '../require-counts.ts';
import { storeTypes } from '../schema/sql.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import { scrubbedError } from './scrubbed-error.ts';

/** A dead letter of a projection. */
export interface ParkedEvent {
  readonly projection: string;
  readonly position: number;
  readonly stream: string;
  /** Undefined: it waits behind an earlier event of its stream. */
  readonly error: string | undefined;
  readonly parkedAt: Date;
}

export interface Retried {
  readonly done: number;
  readonly left: number;
}

/** @throws InvalidOptionsError */
export async function listParked({ pool, names }: StoreParts, name: string, limit = 100): Promise<ParkedEvent[]> {
  requireCounts({ limit });
  const { rows } = await pool.query<{ position: string; stream: string; error: string | null; parked_at: Date }>(
    `select position, stream, error, parked_at from ${names.parked}
     where name = $1 and generation = 'live' order by position limit $2`,
    [name, limit === Infinity ? null : limit],
  );
  return rows.map(({ position, stream, error, parked_at: parkedAt }) => ({
    projection: name,
    position: Number(position),
    stream,
    error: error ?? undefined,
    parkedAt: new Date(parkedAt),
  }));
}

/**
 * Projects what was set aside, in order, each event in a transaction of its own. A stream whose event fails again stays parked from there
 * on; one without anything left goes on live.
 * @throws InvalidOptionsError where the tables are of another shape than the handler
 */
export async function retryParked(store: StoreParts, projection: Projection): Promise<Retried> {
  const failed = new Set<string>();
  let done = 0;
  let after = 0;
  for (;;) {
    const step = await retryNext(store, projection, after, failed);
    if (step === undefined) break;
    after = step;
    done += 1;
  }
  const { rows } = await store.pool.query<{ left: number }>(
    `select count(*)::int as left from ${store.names.parked} where name = $1 and generation = 'live'`,
    [projection.name],
  );
  return { done: done - failed.size, left: rows[0]?.left ?? 0 };
}

/** Answers the position that it has tried, or undefined at the end. */
async function retryNext(
  store: StoreParts,
  projection: Projection,
  after: number,
  failed: Set<string>,
): Promise<number | undefined> {
  const { pool, names } = store;
  const key = [projection.name];
  let tried: StoredEvent | undefined;
  try {
    return await inTransaction(pool, async client => {
      await client.query(enterSchema({ namespace: store.namespace, projection, generation: 'live' }));
      // The projector waits meanwhile: a stream must not go on live while its last parked event is being written.
      const live = await client.query<{ shape: number }>(
        `select shape from ${names.projection} where name = $1 and generation = 'live' for update`,
        key,
      );
      const shape = live.rows[0]?.shape ?? projection.shape;
      if (shape !== projection.shape) {
        throw new InvalidOptionsError(
          `Expected tables of shape ${projection.shape} for a retry of "${projection.name}", found those of shape ${shape}. ` +
            'Rebuild it, or retry with the release that wrote them.',
        );
      }
      const { rows } = await client.query<EventRow & unknown[]>({
        text: `select ${EVENT_COLUMNS} from ${names.event} where position = (
                 select min(position) from ${names.parked}
                 where name = $1 and generation = 'live' and position > $2 and stream <> all ($3))`,
        values: [projection.name, after, [...failed]],
        rowMode: 'array',
        types: storeTypes,
      });
      const [row] = rows;
      if (row === undefined) return undefined;
      const event = await store.reader.interpret(row, client);
      tried = event;
      if (event.problem !== undefined) throw new Error(`The event cannot be read: ${event.problem.detail}.`);
      await callProject(client, projection, [event]);
      await client.query(`delete from ${names.parked} where name = $1 and generation = 'live' and position = $2`, [
        projection.name,
        event.position,
      ]);
      return event.position;
    });
  } catch (cause) {
    const error = toError(cause);
    // What is away says nothing about the event: its error stays what it was.
    if (tried === undefined || blamesDatabase(error)) throw cause;
    failed.add(tried.stream);
    await pool.query(
      `update ${names.parked} set error = $3, parked_at = now() where name = $1 and generation = 'live' and position = $2`,
      [projection.name, tried.position, storedReason(scrubbedError(store, tried, error))],
    );
    return tried.position;
  }
}
