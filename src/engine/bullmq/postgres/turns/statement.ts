import { setTimeout as sleep } from 'node:timers/promises';
import type { PgPool } from 'bullmq';
import { codeOf } from '../../../../errors/index.ts';
import { isConflict } from '../../../../resilience/index.ts';

const TRIES = 20;

/**
 * Runs a statement that may lose a race for rows with another one. BullMQ's stall check locks the same rows in an order of its own, and a
 * row that is taken and settled while a statement looks at it can hold that one up whatever SKIP LOCKED says (seen on a busy machine).
 */
export async function runStatement<Row>(
  pool: PgPool,
  text: string,
  params: readonly unknown[],
): Promise<readonly Row[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await pool.query<Row>(text, params)).rows;
    } catch (cause) {
      if (tries === TRIES || !isConflict(cause)) throw cause;
    }
    await sleep(Math.random() * 10 * tries);
  }
}

/** Why the server cannot hold what it was sent, such as a text with `\u0000`; undefined for every other error. Never quotes what was sent. */
export function refusalOf(cause: unknown): string | undefined {
  const code = codeOf(cause);
  // Data exceptions, violated constraints, what is too large or too deep.
  if (code === undefined || !/^(22|23|54)/.test(code)) return undefined;
  return code === '22P05' || code === '22021'
    ? 'PostgreSQL cannot store a text with the character \\u0000'
    : `PostgreSQL answered with the code ${code}`;
}
