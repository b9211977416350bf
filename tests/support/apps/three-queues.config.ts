import { z } from 'zod';
import { defineApp, defineJob, defineSchedule, handle } from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';

export const QUEUES = ['one', 'two', 'three'] as const;

/** One for each queue; what is asked twice is one job. */
export const works = QUEUES.map(queue =>
  defineJob({
    queue,
    name: `work-${queue}`,
    schema: z.object({ n: z.number(), fails: z.boolean().optional() }),
    retry: { attempts: 2, backoff: fixed('10ms') },
    key: ({ n }) => [n],
  }),
);
export const tick = defineJob({ queue: 'one', name: 'tick', schema: z.object({}) });

export default defineApp({
  jobs: [...works, tick],
  handlers: [
    ...works.map(work =>
      handle(work, async ({ n, fails }, run) => {
        if (fails) throw new Error('cannot be done');
        return run.once('effect', async () => n);
      }),
    ),
    handle(tick, async () => undefined),
  ],
  schedules: [defineSchedule({ name: 'ticks', job: tick, data: {}, every: '1s' })],
});
