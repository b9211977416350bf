import type { Pool, PoolClient } from 'pg';
import { Problem } from '../shop/problems.ts';
import type { Digests } from '../shop/store/digests.ts';
import { inTransaction } from '../shop/store/transaction.ts';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asked {
  /** The header, if there was one. */
  readonly key: string | undefined;
  /** Who asks: two people who chose one key do not meet. */
  readonly userId: string | undefined;
  readonly path: string;
  readonly body: unknown;
}

/**
 * Acts once for each Idempotency-Key. The key, the answer and the events are one transaction: they are there together, or not at all.
 * A second request waits for the first and gets its answer; a refusal is not kept, so that the same request may succeed later.
 */
export async function idempotent(
  { pool, digests }: { readonly pool: Pool; readonly digests: Digests },
  asked: Asked,
  act: (tx: PoolClient) => Promise<Answer>,
): Promise<Answer> {
  const { key, userId } = asked;
  if (key === undefined) return inTransaction(pool, act);
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new Problem(400, 'Expected Idempotency-Key to be 1 to 200 visible characters.');
  }
  const keyed = await digests();
  const id = keyed.of('key', JSON.stringify([userId ?? '', key]));
  const digest = keyed.of('data', JSON.stringify([id, asked.path, asked.body]));
  return inTransaction(pool, async tx => {
    const { rowCount } = await tx.query(
      'insert into bank.request (key, digest) values ($1, $2) on conflict (key) do nothing',
      [id, digest],
    );
    if (rowCount === 0) return earlierAnswer(tx, id, digest);
    const answer = await act(tx);
    await tx.query('update bank.request set status = $2, body = $3 where key = $1', [
      id,
      answer.status,
      JSON.stringify(answer.body),
    ]);
    return answer;
  });
}

/** Keys are kept for a day. */
export async function forgetRequests(pool: Pool): Promise<void> {
  await pool.query(`delete from bank.request where created_at < now() - interval '1 day'`);
}

async function earlierAnswer(tx: PoolClient, id: string, digest: string): Promise<Answer> {
  const { rows } = await tx.query<Answer & { readonly digest: string }>(
    'select digest, status, body from bank.request where key = $1',
    [id],
  );
  const [earlier] = rows;
  if (earlier === undefined) throw new Error('A request that was there is gone.');
  if (earlier.digest !== digest) throw new Problem(409, 'The Idempotency-Key was already used for another request.');
  return { status: earlier.status, body: earlier.body };
}
