import { PgBoss } from 'pg-boss';

/** The largest batch that is taken at once. */
const BATCH = 1_000;

/** pg-boss with batches, as its documentation recommends for much work: a handler gets many jobs, which end together. */
export async function open(url) {
  const boss = new PgBoss({ connectionString: url, max: 20, supervise: true, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue('email');
  return {
    add: (data, { delayMs }) =>
      boss.send('email', data, {
        retryLimit: 4,
        ...(delayMs !== undefined && { startAfter: new Date(Date.now() + delayMs) }),
      }),
    addMany: jobs =>
      boss.insert(
        'email',
        jobs.map(data => ({ data, retryLimit: 4 })),
      ),
    async work({ concurrency, handle }) {
      const batchSize = Math.min(BATCH, concurrency);
      const id = await boss.work('email', { batchSize, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }, jobs =>
        Promise.all(jobs.map(({ data }) => handle(data))),
      );
      return () => boss.offWork('email', { id });
    },
    clear: () => boss.deleteAllJobs('email'),
    close: () => boss.stop({ graceful: false, close: true }),
  };
}
