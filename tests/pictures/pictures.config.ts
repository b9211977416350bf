import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineApp, defineJob, defineSchedule, handle } from '../../src/contracts/index.ts';
import { mailer } from '../../workers/email/index.ts';

/** What the pictures show at work. */
const order = z.strictObject({ user: z.string(), order: z.string() });
export const confirmation = defineJob({
  queue: 'email',
  name: 'order-confirmation',
  schema: order,
  tags: ({ user, order: number }) => ({ user, order: number }),
  publicTags: ['order'],
  destination: () => 'smtp',
});
export const welcome = defineJob({
  queue: 'email',
  name: 'welcome-email',
  schema: z.strictObject({ user: z.string() }),
});
export const invoice = defineJob({
  queue: 'documents',
  name: 'invoice-pdf',
  schema: order,
  retry: { attempts: 1 },
  tags: ({ order: number }) => ({ order: number }),
  publicTags: ['order'],
});
export const visit = defineJob({ queue: 'analytics', name: 'page-view', schema: z.strictObject({ page: z.string() }) });
export const push = defineJob({
  queue: 'notification',
  name: 'order-shipped',
  schema: z.strictObject({ user: z.string() }),
});
export const catalogue = defineJob({
  queue: 'analytics',
  name: 'catalogue-export',
  schema: z.strictObject({ shop: z.string() }),
});
export const report = defineJob({ queue: 'documents', name: 'nightly-report', schema: z.strictObject({}) });

export default defineApp({
  jobs: [confirmation, welcome, invoice, visit, push, report, catalogue],
  handlers: [
    handle(confirmation, { mailer }, async (data, { effectId, signal }, needs) => {
      const content = { subject: `Your order ${data.order}`, html: '<p>Thank you.</p>', text: 'Thank you.' };
      await needs.mailer.send(content, { to: 'somebody@example.com', effectId, signal });
    }),
    handle(welcome, () => pause(120)),
    handle(invoice, ({ order: number }) => {
      if (number.endsWith('7')) throw new TypeError("Cannot read properties of undefined (reading 'total')");
      if (number.endsWith('3')) throw new RangeError('The invoice has more pages than the printer takes.');
      return pause(340);
    }),
    handle(visit, () => pause(15)),
    handle(push, () => pause(80)),
    handle(report, () => pause(40)),
    handle(catalogue, (_data, { signal }) => pause(3_600_000, undefined, { signal })),
  ],
  schedules: [
    defineSchedule({ name: 'nightly-report', job: report, data: () => ({}), cron: '0 2 * * *' }),
    defineSchedule({ name: 'every-minute', job: report, data: () => ({}), every: '1m' }),
  ],
  queues: {
    email: { concurrency: 5, destinations: { breaker: { failures: 3, pause: '2m' } } },
    analytics: { concurrency: 20 },
    documents: { concurrency: 2 },
  },
});
