import { setTimeout as pause } from 'node:timers/promises';
import { defineApp, defineJob, handle } from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import { note, object, sink } from './chaos.config.ts';

export const AT_ONCE = 3;

interface OfTenant {
  readonly tenant: string;
  readonly ms: number;
}
const common = {
  schema: object<OfTenant>('tenant', 'string'),
  retry: { attempts: 3, backoff: fixed('50ms') },
  retention: { completed: '1h', completedCount: 1_000_000 },
} as const;
const limit = { name: 'tenant', by: ({ tenant }: OfTenant) => tenant, concurrency: AT_ONCE } as const;

/** Each in a queue of its own: its takes look at all limits of their queue. */
export const counted = defineJob({ ...common, queue: 'counted', name: 'counted', limits: [limit] });
export const inTurn = defineJob({ ...common, queue: 'in-turn', name: 'in-turn', limits: [{ ...limit, fair: true }] });

export default defineApp({
  jobs: [counted, inTurn],
  handlers: [counted, inTurn].map(job =>
    handle(job, { sink }, async ({ ms }, run, { sink: file }) => {
      note(file, 'start', run);
      await pause(ms);
      note(file, 'end', run);
    }),
  ),
  // Fewer than the places of all tenants: who is served first is then to be seen.
  queues: { counted: { concurrency: 4 }, 'in-turn': { concurrency: 4 } },
});
