import { openDatabase } from '../open-database.ts';
import { Environment, type Variables } from '../../config/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { EndRecorder } from '../../outbox/index.ts';

/**
 * In a worker: records ends where there is an outbox, so that `outbox reconcile` knows them. Nothing without DATABASE_URL, or where
 * the outbox has no tables. Never rejects: a worker works without it, and calls `onFailed` with the reason.
 */
export async function recordOutboxEnds(
  facts: Facts,
  variables: Variables,
  onFailed: (error: unknown) => void,
): Promise<EndRecorder | undefined> {
  const environment = new Environment(variables);
  const url = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  const namespace = environment.string('SHIFTWORK_NAMESPACE');
  // A wrong one refuses the start of the worker, in its own words.
  if (url === undefined) return undefined;
  try {
    const { recordEnds } = await import('../../outbox/index.ts');
    const pool = await openDatabase(url, 1);
    const recorder = recordEnds(facts, pool, namespace);
    return {
      async close(timeoutMs) {
        await recorder.close(timeoutMs);
        await pool.end();
      },
    };
  } catch (error) {
    onFailed(error);
    return undefined;
  }
}
