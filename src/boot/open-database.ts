import type { Pool } from 'pg';
import { loadOptional } from '../errors/index.ts';

/** A pool on DATABASE_URL, for outbox and event store. Loads pg when it is called: a command without them must not. */
export async function openDatabase(url: string, connections: number): Promise<Pool> {
  const { default: pg } = await loadOptional('pg', 'DATABASE_URL', () => import('pg'));
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: 'shiftwork outbox',
  });
  // An idle connection that is lost is replaced when it is needed.
  pool.on('error', () => undefined);
  return pool;
}
