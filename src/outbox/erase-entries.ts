import { setTimeout as sleep } from 'node:timers/promises';
import { tablesOf, type Sql } from './tables.ts';

/** Looked through and deleted in one statement. */
const AT_ONCE = 500;
const LOOK_EVERY_MS = 200;
/** A relay has a row for less than that: its transaction ends by then, or is ended. */
const RELAY_MS = 40_000;

/**
 * Deletes the jobs of an outbox that carry all digests of one of the lists, sent or not: `digestsOf` makes them. Answers how many. One that a relay has
 * under way is waited for, so that it is in the engine afterwards: erase there after this. Safe to repeat. Rejects where a row stays locked for longer
 * than a relay has it.
 */
export async function eraseEntries(
  sql: Sql,
  lists: readonly (readonly string[])[],
  { namespace, signal }: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const { entry } = tablesOf(namespace);
  let erased = 0;
  for (const digests of lists) {
    const theirs = `kind = 'job' and ${digests.map((_, index) => `strpos(body, $${index + 1}) > 0`).join(' and ')}`;
    const remove = `delete from ${entry} where ctid = any(array(
      select ctid from ${entry} where ${theirs} limit ${AT_ONCE} for update skip locked))`;
    const look = `select from ${entry} where ${theirs} limit 1`;
    const until = performance.now() + RELAY_MS;
    for (;;) {
      signal?.throwIfAborted();
      const deleted = (await sql.query(remove, [...digests])).rowCount ?? 0;
      erased += deleted;
      if (deleted === AT_ONCE) continue;
      if ((await sql.query(look, [...digests])).rows.length === 0) break;
      if (performance.now() >= until) throw new Error('A job of the outbox stays locked by another transaction.');
      await sleep(LOOK_EVERY_MS, undefined, signal && { signal }).catch(() => undefined);
    }
  }
  return erased;
}
