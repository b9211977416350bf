import { readLag } from './relay.ts';
import { tablesOf, type Sql } from '../tables.ts';

export interface OutboxStatus {
  /** Committed and not sent yet; counted up to 100,000. */
  readonly pending: number;
  readonly oldestMs: number;
  /** Sent jobs whose end is not recorded; counted up to 100,000. */
  readonly unfinished: number;
  readonly stuck: readonly { readonly id: string; readonly name: string; readonly reason: string }[];
}

export async function readOutboxStatus(sql: Sql, namespace?: string): Promise<OutboxStatus> {
  const tables = tablesOf(namespace);
  const lag = await readLag(sql, tables);
  const unfinished = await sql.query(
    `select count(*)::int as n from (select 1 from ${tables.entry} where kind = 'job' and sent_at is not null limit 100000) e`,
  );
  const stuck = await sql.query(
    `select id, name, stuck as reason from ${tables.entry} where stuck is not null order by position limit 100`,
  );
  const [count] = unfinished.rows as { readonly n: number }[];
  return { ...lag, unfinished: count?.n ?? 0, stuck: stuck.rows as OutboxStatus['stuck'] };
}
