import { tablesOf, type Sql } from './tables.ts';

/** Looked through and deleted in one statement. */
const AT_ONCE = 500;

/**
 * Deletes the jobs of an outbox that carry all digests of one of the lists, sent or not: `digestsOf` makes them. Answers how many. What a relay has
 * under way it may still bring to the engine: erase there afterwards. Safe to repeat.
 */
export async function eraseEntries(
  sql: Sql,
  lists: readonly (readonly string[])[],
  { namespace, signal }: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const { entry } = tablesOf(namespace);
  let erased = 0;
  for (const digests of lists) {
    const holds = digests.map((_, index) => `strpos(body, $${index + 1}) > 0`).join(' and ');
    const text = `delete from ${entry} where ctid = any(array(
      select ctid from ${entry} where kind = 'job' and ${holds} limit ${AT_ONCE} for update skip locked))`;
    for (let deleted = AT_ONCE; deleted === AT_ONCE;) {
      signal?.throwIfAborted();
      deleted = (await sql.query(text, [...digests])).rowCount ?? 0;
      erased += deleted;
    }
  }
  return erased;
}
