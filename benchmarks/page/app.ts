import { z } from 'zod';
import { defineApp, defineJob } from '../../src/contracts/index.ts';

/** Fifty queues with two contracts each. */
export const QUEUES = Array.from({ length: 50 }, (_, n) => `work-${String(n).padStart(2, '0')}`);

const schema = z.object({ userId: z.string(), orderId: z.string() });
export const CONTRACTS = QUEUES.flatMap(queue =>
  ['send', 'sync'].map(verb =>
    defineJob({
      queue,
      name: `${verb}-${queue}`,
      schema,
      tags: ({ userId, orderId }) => ({ user: userId, order: orderId }),
      publicTags: ['order'],
    }),
  ),
);

export const app = defineApp({ jobs: CONTRACTS, handlers: [] });
