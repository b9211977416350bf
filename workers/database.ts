import type { Pool } from 'pg';
import { defineResource } from '../src/contracts/index.ts';
import { loadOptional } from '../src/errors/index.ts';
import { boundSession } from '../src/sessions/index.ts';

/** One pool for everything in this process that keeps its own tables. Connects when it is first used. */
export const database = defineResource<URL | undefined, Pool>({
  name: 'database',
  configure(environment, { neededBy }) {
    if (!environment.has('DATABASE_URL')) environment.required('DATABASE_URL', neededBy);
    return environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] });
  },
  async open(url) {
    const { default: pg } = await loadOptional('pg', 'DATABASE_URL', () => import('pg'));
    const pool = new pg.Pool({
      connectionString: url?.href,
      max: 10,
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000,
      onConnect: boundSession({ idleInTransactionMs: 60_000, statementMs: 30_000 }),
      application_name: 'shiftwork worker',
    });
    // An idle connection that the server ends is replaced by the pool; without a listener it would end the process.
    pool.on('error', () => undefined);
    return pool;
  },
  close: pool => pool.end(),
});
