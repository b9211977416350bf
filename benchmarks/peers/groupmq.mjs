import { Queue, Worker } from 'groupmq';
import { Redis } from 'ioredis';

/** groupmq at its defaults. Each user is a group of its own, so that jobs run at the same time; it has no call for many jobs. */
export async function open(url) {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue({ redis, namespace: 'email', keepCompleted: 1_000 });
  const add = (data, { delayMs } = {}) =>
    queue.add({ groupId: data.userId, data, maxAttempts: 5, ...(delayMs !== undefined && { delay: delayMs }) });
  return {
    add,
    addMany: jobs => Promise.all(jobs.map(data => add(data))),
    async work({ concurrency, handle }) {
      const commands = new Redis(url, { maxRetriesPerRequest: null });
      const worker = new Worker({
        queue: new Queue({ redis: commands, namespace: 'email', keepCompleted: 1_000 }),
        concurrency,
        handler: async job => {
          await handle(job.data);
        },
      });
      void worker.run();
      return async () => {
        await worker.close(1_000);
        commands.disconnect();
      };
    },
    clear: () => redis.flushall(),
    close: () => redis.quit(),
  };
}
