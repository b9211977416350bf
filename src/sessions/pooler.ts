import { hasCode } from '../errors/index.ts';
import { callWithin } from '../resilience/index.ts';

/** What is asked of a pool here: that of `pg`, and BullMQ's view of it. */
interface Asking {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>;
}
interface Borrowing {
  connect(): Promise<Asking & { release(): void }>;
}

const REMEDY = 'Give workers, relay and dashboard the address of PostgreSQL itself.';

/**
 * Why the sessions do not have the schema that their options have asked for; undefined where they have. A pooler refuses such options, or is told to ignore
 * them: then tables are made and looked for in whatever schema comes first.
 */
export async function searchPathProblem(sql: Asking, schema: string): Promise<string | undefined> {
  return wrongSearchPath(await answerOf(sql, "current_setting('search_path')"), schema);
}

/** The same of what the server has said of its setting. */
export function wrongSearchPath(found: unknown, schema: string): string | undefined {
  // As it was asked for, or as whoever owns the database has set it.
  if (found === `"${schema}"` || found === schema) return undefined;
  return `Expected sessions whose search_path is "${schema}", found that it was not taken: a pooler, such as PgBouncer, stands in between. ${REMEDY}`;
}

/**
 * Why connections are no sessions of their own; undefined where they are. A pooler in transaction mode lends a session for one transaction: what is
 * listened for is heard by nobody, and the bounds that we set hold for others' statements.
 *
 * While one connection is in a transaction, the other is answered by another backend than before: the one that it had is lent out. Other users of the pooler may
 * hide that; a direct session never looks so. The pool has to have two connections for this alone.
 */
export async function lentSessionProblem(pool: Borrowing): Promise<string | undefined> {
  const first = await pool.connect();
  try {
    const before = await answerOf(first, BACKEND);
    const second = await pool.connect();
    try {
      await second.query('begin');
      await answerOf(second, BACKEND);
      const after = await callWithin({ what: 'a statement beside a transaction', limitMs: HELD_UP_MS }, () =>
        answerOf(first, BACKEND),
      ).catch(heldUp);
      await second.query('rollback');
      if (before === after) return undefined;
    } finally {
      second.release();
    }
  } finally {
    first.release();
  }
  return (
    'Expected a session for each connection to DATABASE_URL, found a pooler that lends one for a transaction (PgBouncer with pool_mode = transaction): ' +
    `nobody would hear that there is work. ${REMEDY}`
  );
}

const BACKEND = 'pg_backend_pid()';
/** A pooler with one session alone has whoever else asks wait until the transaction is over, for minutes. */
const HELD_UP_MS = 5_000;

function heldUp(error: unknown): undefined {
  if (!hasCode(error, 'CALL_TIMEOUT')) throw error;
}

async function answerOf(sql: Asking, what: string): Promise<unknown> {
  const { rows } = await sql.query(`select ${what} as answer`);
  const [row] = rows;
  return typeof row === 'object' && row !== null && 'answer' in row ? row.answer : undefined;
}
