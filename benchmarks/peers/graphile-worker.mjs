import { makeWorkerUtils, Logger, run } from 'graphile-worker';
import { createRequire } from 'node:module';

const { Pool } = createRequire(createRequire(import.meta.url).resolve('graphile-worker'))('pg');
const logger = new Logger(() => () => undefined);

/** graphile-worker with its settings for much work: a local queue that prefetches, ends that are written in batches. */
export async function open(url) {
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  const pool = new Pool({ connectionString: url, max: 2 });
  return {
    add: (data, { delayMs }) =>
      utils.addJob('email', data, {
        maxAttempts: 5,
        ...(delayMs !== undefined && { runAt: new Date(Date.now() + delayMs) }),
      }),
    addMany: jobs => utils.addJobs(jobs.map(payload => ({ identifier: 'email', payload, maxAttempts: 5 }))),
    async work({ concurrency, handle }) {
      const runner = await run({
        connectionString: url,
        logger,
        noHandleSignals: true,
        taskList: { email: async data => void (await handle(data)) },
        preset: {
          worker: {
            concurrentJobs: concurrency,
            maxPoolSize: Math.max(10, 12),
            localQueue: { size: 5 * concurrency },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
      return () => runner.stop();
    },
    clear: () => pool.query('DELETE FROM graphile_worker._private_jobs'),
    async close() {
      await pool.end();
      await utils.release();
    },
  };
}
