import { catalogue, events, reactions } from './jobs/index.ts';
import { defineApp } from './src/contracts/index.ts';
import { analyticsHandlers, emailHandlers, notificationHandlers } from './workers/index.ts';

/** What this app consists of. Workers, dashboard and command line load it. */
export default defineApp({
  jobs: catalogue,
  handlers: [...emailHandlers, ...analyticsHandlers, ...notificationHandlers],
  events,
  reactions,
  queues: {
    email: { concurrency: 10, rate: { max: 100, per: '1s' } },
    analytics: { concurrency: 20 },
    notification: { concurrency: 20 },
  },
});
