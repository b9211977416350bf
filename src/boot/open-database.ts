import type { Pool } from 'pg';
import { loadOptional } from '../errors/index.ts';
import { boundSession } from '../sessions/index.ts';

/** A host that vanishes in a transaction lets go of what it had locked after that. */
const IDLE_MS = 60_000;

/** A pool on DATABASE_URL, for outbox and event store. Loads pg when it is called: a command without them must not. */
export async function openDatabase(url: string, connections: number): Promise<Pool> {
  const { default: pg } = await loadOptional('pg', 'DATABASE_URL', () => import('pg'));
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'shiftwork outbox',
    onConnect: boundSession({ idleInTransactionMs: IDLE_MS }),
  });
  // An idle connection that is lost is replaced when it is needed.
  pool.on('error', () => undefined);
  return pool;
}
