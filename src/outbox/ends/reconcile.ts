import type { Engine } from '../../engine/index.ts';
import { EndsUnrecordedError } from './ends-unrecorded-error.ts';
import { tablesOf, type Sql } from '../tables.ts';

export interface Reconciled {
  /** Entries that had been sent and whose end nobody had recorded. */
  readonly checked: number;
  /** They had ended: the engine still says so. */
  readonly ended: number;
  /** The engine has them and they are not done: left alone. */
  readonly alive: number;
  /** The engine has lost them: they are sent again. */
  readonly again: number;
}

const PAGE = 500;

export interface ReconcileOptions {
  /** Hosts that work now and record no ends. */
  readonly unrecorded?: readonly string[];
  /** Also where ends were not recorded. */
  readonly anyway?: boolean;
}

/** Remembers hosts whose workers record no ends: they may be gone when somebody reconciles. A relay says it again and again. */
export async function noteUnrecorded(sql: Sql, hosts: readonly string[], namespace?: string): Promise<void> {
  if (hosts.length === 0) return;
  await sql.query(
    `insert into ${tablesOf(namespace).unrecorded} (host, seen_at) select distinct host, clock_timestamp() from unnest($1::text[]) as host
     on conflict (host) do update set seen_at = excluded.seen_at`,
    [hosts],
  );
}

async function refuseUnrecorded(sql: Sql, now: readonly string[], namespace: string | undefined): Promise<void> {
  const { entry, unrecorded } = tablesOf(namespace);
  const { rows } = await sql.query(
    `select host from ${unrecorded}
      where seen_at >= (select min(sent_at) from ${entry} where kind = 'job' and sent_at is not null) order by host`,
  );
  const { rows: open } = await sql.query(`select 1 from ${entry} where kind = 'job' and sent_at is not null limit 1`);
  const seen = (rows as readonly { readonly host: string }[]).map(({ host }) => host);
  const hosts = [...new Set([...now, ...seen])];
  if (open.length > 0 && hosts.length > 0) throw new EndsUnrecordedError(hosts);
}

/**
 * After the engine has lost data (FLUSHALL, an old snapshot): every job of the outbox that has not ended is sent again, with the id
 * that it had; none that has ended is. Safe to repeat, and while everything runs.
 * @throws EndsUnrecordedError where workers end jobs without recording it, or have since the oldest open entry was sent
 * @throws QueueUnavailableError or EngineUnreachableError while the engine is away; what was done until then stands
 */
export async function reconcile(
  sql: Sql,
  engine: Engine,
  namespace?: string,
  { unrecorded = [], anyway = false }: ReconcileOptions = {},
): Promise<Reconciled> {
  const { entry, channel } = tablesOf(namespace);
  if (!anyway) await refuseUnrecorded(sql, unrecorded, namespace);
  const counts = { checked: 0, ended: 0, alive: 0, again: 0 };
  for (let after = '0'; ;) {
    const { rows } = await sql.query(
      `select position, id, target as queue from ${entry}
       where kind = 'job' and sent_at is not null and position > $1 order by position limit ${PAGE}`,
      [after],
    );
    const page = rows as readonly { readonly position: string; readonly id: string; readonly queue: string }[];
    const ended: string[] = [];
    const lost: string[] = [];
    for (const [name, group] of Map.groupBy(page, row => row.queue)) {
      const queue = await engine.queue(name);
      for (const { position, id } of group) {
        const state = await queue.getJobState(id);
        if (state === 'completed' || state === 'failed') ended.push(position);
        else if (state === 'unknown') lost.push(position);
        else counts.alive += 1;
      }
    }
    if (ended.length > 0) await sql.query(`delete from ${entry} where position = any($1::bigint[])`, [ended]);
    if (lost.length > 0) {
      await sql.query(`update ${entry} set sent_at = null, again = true where position = any($1::bigint[])`, [lost]);
    }
    counts.checked += page.length;
    counts.ended += ended.length;
    counts.again += lost.length;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.position;
  }
  // What could not be sent gets another chance as well.
  await sql.query(`update ${entry} set stuck = null where stuck is not null`);
  await sql.query('select pg_notify($1, $2)', [channel, '']);
  return counts;
}
