import { z } from 'zod';
import { defineJob } from '../src/contracts/index.ts';
import { exponential } from '../src/resilience/index.ts';
import { emailAddress, id, personName } from './fields.ts';

const QUEUE = 'email';
/** All mail leaves through one server: when it is sick, all mail waits. */
const destination = (): string => 'smtp';

export const welcomeEmail = defineJob({
  queue: QUEUE,
  name: 'welcome-email',
  schema: z.strictObject({ userId: id, email: emailAddress, name: personName }),
  retry: { attempts: 5, backoff: exponential({ from: '2s', to: '10m' }) },
  timeout: '30s',
  destination,
  expiresAfter: '1d',
  key: ({ userId }) => ['welcome', userId],
  sensitive: ['email', 'name'],
});

/** Carries a reference: what was ordered is read when the mail is written. Outranks the other emails. */
export const orderConfirmation = defineJob({
  queue: QUEUE,
  name: 'order-confirmation',
  schema: z.strictObject({ orderId: id, email: emailAddress }),
  retry: { attempts: 8, backoff: exponential({ from: '2s', to: '30m' }) },
  timeout: '30s',
  destination,
  expiresAfter: '3d',
  priority: 'high',
  key: ({ orderId }) => ['order-confirmation', orderId],
  tags: ({ orderId }) => ({ order: orderId }),
  sensitive: ['email'],
  progress: z.strictObject({ step: z.enum(['reading the order', 'handing over the mail', 'on its way']) }),
  publicFields: ['progress.step'],
});

/** The life of a reset link: a mail that cannot start within it is not sent. */
export const RESET_LINK_LIFE = '1h';

export const passwordReset = defineJob({
  queue: QUEUE,
  name: 'password-reset',
  schema: z.strictObject({
    email: emailAddress,
    resetToken: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,256}$/, { error: 'expected a URL-safe token of 16 to 256 characters' }),
  }),
  retry: { attempts: 6, backoff: exponential({ from: '1s', to: '5m' }) },
  timeout: '30s',
  destination,
  expiresAfter: RESET_LINK_LIFE,
  sensitive: ['email', 'resetToken'],
  retention: { forget: ['resetToken'] },
});

/** One of many: they are sent as a batch. Makes way for every other email. */
export const newsletterLetter = defineJob({
  queue: QUEUE,
  name: 'newsletter-letter',
  schema: z.strictObject({ issue: id, title: z.string().min(1).max(200), email: emailAddress }),
  retry: { attempts: 5, backoff: exponential({ from: '2s', to: '10m' }) },
  timeout: '30s',
  destination,
  expiresAfter: '3d',
  priority: 'low',
  sensitive: ['email'],
});
