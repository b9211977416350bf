import type { Variables } from '../config/index.ts';
import type { Facts } from '../facts/index.ts';
import type { EndRecorder } from '../outbox/index.ts';

/**
 * In a worker: records ends where there is an outbox, so that `outbox reconcile` knows them. Nothing without DATABASE_URL, or where
 * the outbox has no tables. Never rejects: a worker works without it.
 */
export async function recordOutboxEnds(facts: Facts, variables: Variables): Promise<EndRecorder | undefined> {
  const url = variables['DATABASE_URL'];
  if (url === undefined || url === '') return undefined;
  const namespace = variables['SHIFTWORK_NAMESPACE'] || undefined;
  try {
    const { recordEnds } = await import('../outbox/index.ts');
    const { openDatabase } = await import('./open-database.ts');
    const pool = openDatabase(url, 1);
    const recorder = recordEnds(facts, pool, namespace);
    return {
      async close(timeoutMs) {
        await recorder.close(timeoutMs);
        await pool.end();
      },
    };
  } catch {
    return undefined;
  }
}
