import Queue from 'bee-queue';

/** bee-queue as its README recommends it for much work: no events, no jobs kept in memory, `saveAll` for many, stalled jobs looked for every 5 s. */
export async function open(url) {
  const redis = { url };
  const producing = new Queue('email', {
    redis,
    isWorker: false,
    getEvents: false,
    sendEvents: false,
    storeJobs: false,
  });
  await producing.ready();
  return {
    add: (data, { delayMs }) => {
      const job = producing.createJob(data).retries(4);
      return (delayMs === undefined ? job : job.delayUntil(Date.now() + delayMs)).save();
    },
    addMany: jobs => producing.saveAll(jobs.map(data => producing.createJob(data).retries(4))),
    async work({ concurrency, handle }) {
      const working = new Queue('email', {
        redis,
        getEvents: false,
        sendEvents: false,
        storeJobs: false,
        removeOnSuccess: true,
        stallInterval: 5_000,
        activateDelayedJobs: true,
      });
      await working.ready();
      working.process(concurrency, async job => {
        await handle(job.data);
      });
      working.checkStalledJobs(5_000);
      return () => working.close(1_000);
    },
    async clear() {
      await producing.destroy();
      await new Promise(resolve => producing.client.flushall(resolve));
    },
    close: () => producing.close(1_000),
  };
}
