import { Pool } from 'pg';

/** A pool on DATABASE_URL, for the outbox. Importing this file loads pg. */
export function openDatabase(url: string, connections: number): Pool {
  const pool = new Pool({
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
