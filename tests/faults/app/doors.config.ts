import { setTimeout as pause } from 'node:timers/promises';
import { defineApp, defineJob, handle } from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import { note, object, sink } from './chaos.config.ts';

const retry = { attempts: 3, backoff: fixed('50ms') };
const retention = { completed: '1h', completedCount: 1_000_000 } as const;

/** Its jobs can be read with the key alone that they were enqueued with. */
export const told = defineJob({
  queue: 'chaos',
  name: 'told',
  schema: object<{ readonly token: string }>('token', 'string'),
  encrypt: ['token'],
  retry,
  retention,
});

export const plain = defineJob({
  queue: 'chaos',
  name: 'plain',
  schema: object<{ readonly key: string }>('key', 'string'),
});

export const AT_ONCE = 2;
export const A_SECOND = 20;

/** Two of a tenant at once, and twenty begin in a second. */
export const limited = defineJob({
  queue: 'chaos',
  name: 'limited',
  schema: object<{ readonly tenant: string; readonly ms: number }>('tenant', 'string'),
  limits: [
    { name: 'tenant', by: ({ tenant }) => tenant, concurrency: AT_ONCE },
    { name: 'all', rate: { max: A_SECOND, per: '1s' } },
  ],
  retry,
  retention,
});

export default defineApp({
  jobs: [told, plain, limited],
  handlers: [
    handle(told, { sink }, async ({ token }, run, { sink: file }) => {
      if (!token.startsWith('token-')) throw new Error('It was not decrypted.');
      note(file, 'start', run);
      await pause(20);
      note(file, 'end', run);
    }),
    handle(plain, { sink }, (_, run, { sink: file }) => note(file, 'end', run)),
    handle(limited, { sink }, async ({ ms }, run, { sink: file }) => {
      note(file, 'start', run);
      await pause(ms);
      note(file, 'end', run);
    }),
  ],
  queues: { chaos: { concurrency: 10 } },
});
