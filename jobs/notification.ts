import { z } from 'zod';
import { defineJob } from '../src/contracts/index.ts';
import { exponential } from '../src/resilience/index.ts';
import { id, line, plainObject } from './fields.ts';

const QUEUE = 'notification';

/** The form only; whether the address may be called is decided when it is called, where DNS cannot lie. */
const target = z
  .string()
  .max(2_048)
  .refine(
    text => {
      const url = URL.parse(text);
      return (
        url !== null &&
        (url.protocol === 'https:' || url.protocol === 'http:') &&
        url.username === '' &&
        url.password === ''
      );
    },
    { error: 'expected an http or https URL without a user name or password' },
  );

/** Signed by the Standard Webhooks scheme: https://www.standardwebhooks.com */
export const webhook = defineJob({
  queue: QUEUE,
  name: 'webhook',
  schema: z.strictObject({
    url: target,
    /** Such as `order.placed`. */
    eventType: z
      .string()
      .max(100)
      .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/, { error: 'expected a type such as order.placed' }),
    payload: plainObject,
  }),
  retry: { attempts: 12, backoff: exponential({ from: '5s', to: '2h' }) },
  timeout: '30s',
  destination: ({ url }) => new URL(url).host,
  expiresAfter: '3d',
  // The path and query of a webhook are often its secret.
  sensitive: ['url', 'payload'],
});

/**
 * A push service need not take more than 4,096 bytes (RFC 8030, 7.2). Encryption (RFC 8291) puts 86 in front (salt, record size, our key) and
 * 17 behind (the mark of the last record, the tag).
 */
const MOST_PUSH_BYTES = 4_096 - 86 - 17;

export const webPush = defineJob({
  queue: QUEUE,
  name: 'web-push',
  schema: z.strictObject({
    /** The app's own id of the subscription. Logs and dead letters name it when the push service says that it is gone. */
    subscriptionId: id.optional(),
    subscription: z.strictObject({
      endpoint: target,
      expirationTime: z.number().nullish(),
      keys: z.strictObject({
        p256dh: z.string().regex(/^[A-Za-z0-9_-]{86,88}={0,2}$/, { error: 'expected a public key in base64url' }),
        auth: z
          .string()
          .regex(/^[A-Za-z0-9_-]{22,24}={0,2}$/, { error: 'expected an authentication secret in base64url' }),
      }),
    }),
    notification: z
      .strictObject({
        title: line(200),
        body: z.string().max(2_000),
        url: target.optional(),
        tag: line(100).optional(),
      })
      .refine(notification => Buffer.byteLength(JSON.stringify(notification)) <= MOST_PUSH_BYTES, {
        error: `expected at most ${MOST_PUSH_BYTES} bytes of JSON in all: a push service takes no more when it is encrypted`,
      }),
    /** How long the push service keeps it for a device that is away, in seconds. */
    ttl: z.int().min(0).max(2_419_200).optional(),
  }),
  retry: { attempts: 6, backoff: exponential({ from: '5s', to: '30m' }) },
  timeout: '30s',
  destination: ({ subscription }) => new URL(subscription.endpoint).host,
  expiresAfter: '1d',
  sensitive: ['subscription', 'notification'],
});

export const inApp = defineJob({
  queue: QUEUE,
  name: 'in-app',
  schema: z.strictObject({
    userId: id,
    title: line(200),
    body: z.string().max(2_000),
    /** A path within the app. */
    link: z
      .string()
      .max(500)
      .regex(/^\/(?![/\\])[^\s\\]*$/, { error: 'expected a path that starts with one /' })
      .optional(),
  }),
  retry: { attempts: 8, backoff: exponential({ from: '1s', to: '5m' }) },
  timeout: '10s',
  destination: () => 'database',
  expiresAfter: '7d',
  sensitive: ['title', 'body'],
});
