import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineApp, defineJob, defineResource, defineSchedule, handle } from '../../../src/contracts/index.ts';
import { mailer } from '../../../workers/email/index.ts';

/** Goes to a customer through a mail server, and is found by the customer and the order. */
export const orderMail = defineJob({
  queue: 'mail',
  name: 'order-mail',
  schema: z.strictObject({ user: z.string(), order: z.string() }),
  tags: ({ user, order }) => ({ user, order }),
  publicTags: ['order'],
  destination: () => 'smtp',
});
export const invoice = defineJob({
  queue: 'invoices',
  name: 'invoice',
  schema: z.strictObject({ n: z.number() }),
  retry: { attempts: 1 },
});
/** Takes its one slot for a while. */
export const resize = defineJob({ queue: 'images', name: 'resize', schema: z.strictObject({ n: z.number() }) });
/** Carries its picture, instead of saying where it is. */
export const thumbnail = defineJob({
  queue: 'bulk',
  name: 'thumbnail',
  schema: z.strictObject({ picture: z.string() }),
});
/** Ends its process. */
export const venom = defineJob({ queue: 'venom', name: 'venom', schema: z.strictObject({}) });
export const report = defineJob({ queue: 'reports', name: 'report', schema: z.strictObject({}) });

const release = defineResource({
  name: 'release',
  configure: environment => environment.string('RELEASE') ?? '',
  open: name => name,
});

export default defineApp({
  jobs: [orderMail, invoice, resize, thumbnail, venom, report],
  handlers: [
    handle(orderMail, { mailer }, async ({ order }, { effectId, signal }, needs) => {
      const content = { subject: `Your order ${order}`, html: '<p>Thank you.</p>', text: 'Thank you.' };
      await needs.mailer.send(content, { to: 'somebody@example.com', effectId, signal });
    }),
    handle(invoice, { release }, (_data, _run, needs) => {
      if (needs.release === 'broken') throw new TypeError("Cannot read properties of undefined (reading 'total')");
    }),
    handle(resize, () => pause(200)),
    handle(thumbnail, () => pause(200)),
    handle(venom, () => void process.kill(process.pid, 'SIGKILL')),
    handle(report, () => undefined),
  ],
  schedules: [defineSchedule({ name: 'every-two-seconds', job: report, data: () => ({}), every: '2s' })],
  queues: {
    mail: { concurrency: 5, destinations: { breaker: { failures: 3, pause: '5m' } } },
    images: { concurrency: 1 },
    bulk: { concurrency: 1 },
  },
});
