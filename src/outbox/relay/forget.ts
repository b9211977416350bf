import type { Sql, Tables } from '../tables.ts';

/** At a time: a long absence is made up for in small transactions. */
const AT_ONCE = 10_000;

/** Removes what nobody will ask for again: jobs whose end was never recorded, and keys of effects that no repeat can reach any more. */
export async function forgetOld(
  sql: Sql,
  { entry, deduplication }: Tables,
  { sentMs, seenMs }: { readonly sentMs: number; readonly seenMs: number },
): Promise<void> {
  await sql.query(
    `delete from ${entry} where position in (
       select position from ${entry}
       where sent_at < now() - $1 * interval '1 millisecond' order by position limit ${AT_ONCE}
     )`,
    [sentMs],
  );
  await sql.query(
    `delete from ${deduplication} where (subscription, event_id) in (
       select subscription, event_id from ${deduplication}
       where seen_at < now() - $1 * interval '1 millisecond' order by seen_at limit ${AT_ONCE}
     )`,
    [seenMs],
  );
}
