import { z } from 'zod';
import { defineApp, defineJob } from '../../src/contracts/index.ts';

const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.object({
    to: z.string(),
    token: z.string().optional(),
    body: z.string(),
    lines: z.array(z.object({ code: z.string() })).optional(),
  }),
  sensitive: ['to', 'token', 'lines.code'],
});
const visit = defineJob({
  queue: 'analytics',
  name: 'visit',
  schema: z.object({ page: z.string() }),
  key: ({ page }) => [page],
});
const nudge = defineJob({ queue: 'notification', name: 'nudge', version: 2, schema: z.object({ text: z.string() }) });

/** Three queues; `letter` has sensitive fields, `visit` and `nudge` have none, `nudge` is at its second version. */
export default defineApp({ jobs: [letter, visit, nudge], handlers: [] });
