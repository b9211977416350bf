import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { IdempotencyConflictError } from '../src/queue/index.ts';
import { InvalidOptionsError } from '../src/errors/index.ts';
import { InvalidPayloadError, PayloadTooLargeError } from '../src/contracts/index.ts';
import { trackBatch } from '../jobs/index.ts';
import { recordingClient } from '../src/testing/index.ts';
import {
  createAnalyticsProducer,
  createEmailProducer,
  createNotificationProducer,
  EVENTS_PER_JOB,
  type AnalyticsProducer,
  type EmailProducer,
  type NotificationProducer,
} from './index.ts';

function setup() {
  const client = recordingClient();
  return {
    client,
    email: createEmailProducer(client),
    analytics: createAnalyticsProducer(client),
    notification: createNotificationProducer(client),
  };
}
type Producers = ReturnType<typeof setup>;

const user = { userId: 'u1', email: 'ada@example.com', name: 'Ada' };
const order = { orderId: 'o1', email: 'ada@example.com' };
const reset = { email: 'ada@example.com', resetToken: 'abcdefghijklmnop' };
const hook = { url: 'https://hooks.example/x', eventType: 'order.placed', payload: { orderId: 'o1' } };
const push = {
  subscription: {
    endpoint: 'https://push.example/x',
    keys: { p256dh: 'A'.repeat(87), auth: 'A'.repeat(22) },
  },
  notification: { title: 'Hello', body: 'World' },
};
const note = { userId: 'u1', title: 'Hello', body: 'World' };

const OPTIONS = { delay: '5m', priority: 'high', correlationId: 'request-1' } as const;
const KEYED = { ...OPTIONS, idempotencyKey: 'once' };

describe.each<{ name: string; call: (producers: Producers) => Promise<unknown> }>([
  { name: 'welcome-email', call: ({ email }) => email.sendWelcomeEmail(user, KEYED) },
  { name: 'order-confirmation', call: ({ email }) => email.sendOrderConfirmation(order, KEYED) },
  { name: 'password-reset', call: ({ email }) => email.sendPasswordReset(reset, KEYED) },
  { name: 'track', call: ({ analytics }) => analytics.track({ userId: 'u1', event: 'Seen' }, KEYED) },
  { name: 'identify', call: ({ analytics }) => analytics.identify({ userId: 'u1' }, KEYED) },
  { name: 'webhook', call: ({ notification }) => notification.notifyWebhook(hook, KEYED) },
  { name: 'web-push', call: ({ notification }) => notification.notifyWebPush(push, KEYED) },
  { name: 'in-app', call: ({ notification }) => notification.notifyInApp(note, KEYED) },
])('$name', ({ name, call }) => {
  test('is one job with the options of the call', async () => {
    const producers = setup();
    expect(await call(producers)).toMatchObject({ name, deduplicated: false });
    expect(producers.client.enqueued).toMatchObject([
      { name, delayMs: 300_000, correlationId: 'request-1', options: KEYED },
    ]);
  });
});

describe.each<{ name: string; call: (producers: Producers, options: object) => Promise<readonly unknown[]> }>([
  {
    name: 'welcome-email',
    call: ({ email }, options) => email.sendWelcomeEmails([user, { ...user, userId: 'u2' }], options),
  },
  {
    name: 'order-confirmation',
    call: ({ email }, options) => email.sendOrderConfirmations([order, { ...order, orderId: 'o2' }], options),
  },
  { name: 'password-reset', call: ({ email }, options) => email.sendPasswordResets([reset, reset], options) },
  { name: 'webhook', call: ({ notification }, options) => notification.notifyWebhooks([hook, hook], options) },
  { name: 'web-push', call: ({ notification }, options) => notification.notifyWebPushes([push, push], options) },
  { name: 'in-app', call: ({ notification }, options) => notification.notifyInApps([note, note], options) },
])('many of $name', ({ name, call }) => {
  test('are as many jobs, each with the options of the call', async () => {
    const producers = setup();
    expect(await call(producers, OPTIONS)).toHaveLength(2);
    const each = { name, delayMs: 300_000, correlationId: 'request-1', options: OPTIONS };
    expect(producers.client.enqueued).toMatchObject([each, each]);
  });

  test('are all refused when one option is wrong, and none is queued', async () => {
    const producers = setup();
    await expect(call(producers, { delay: -1 })).rejects.toThrow(InvalidOptionsError);
    expect(producers.client.enqueued).toEqual([]);
  });
});

describe('many analytics calls', () => {
  test.each(['track', 'identify'] as const)(
    '%s: travel in few jobs, in order, each with an id and a time',
    async type => {
      const { client, analytics } = setup();
      const users = Array.from({ length: EVENTS_PER_JOB + 1 }, (_, index) => ({ userId: `u${index}` }));
      const receipts =
        type === 'track'
          ? await analytics.trackMany(
              users.map(each => ({ ...each, event: 'Seen' })),
              OPTIONS,
            )
          : await analytics.identifyMany(users, OPTIONS);
      expect(receipts).toHaveLength(2);
      const each = { name: 'track-batch', delayMs: 300_000, correlationId: 'request-1', options: OPTIONS };
      expect(client.enqueued).toMatchObject([each, each]);
      const sent = client.dataOf(trackBatch).flatMap(({ batch }) => batch);
      expect(sent.map(({ userId }) => userId)).toEqual(users.map(({ userId }) => userId));
      expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(users.length);
      for (const message of sent) {
        expect(message).toMatchObject({ type, messageId: expect.any(String), timestamp: expect.stringMatching(/Z$/) });
      }
    },
  );

  test('a message id and a time that were given are kept, so that a repeat is one', async () => {
    const { client, analytics } = setup();
    const message = { userId: 'u1', event: 'Seen', messageId: 'm1', timestamp: '2026-01-01T00:00:00Z' };
    const first = await analytics.track(message);
    expect(await analytics.track(message)).toEqual({ ...first, deduplicated: true });
    await analytics.trackMany([message]);
    expect(client.enqueued[1]?.data).toEqual({ batch: [{ type: 'track', ...message }] });
  });

  test.each([
    { what: 'a message id', ids: { messageId: 'm1' }, options: {} },
    { what: 'an idempotency key', ids: {}, options: { idempotencyKey: 'request-1' } },
  ])('with $what, a repeat is one although the producer adds what was left out', async ({ ids, options }) => {
    const { client, analytics } = setup();
    vi.useFakeTimers({ now: 0, toFake: ['Date'] });
    try {
      for (const [index, call] of [
        () => analytics.track({ ...ids, userId: 'u1', event: 'Seen' }, options),
        () => analytics.identify({ ...ids, userId: 'u1', traits: { plan: 'free' } }, options),
      ].entries()) {
        const first = await call();
        vi.setSystemTime(60_000);
        expect(await call()).toEqual({ ...first, deduplicated: true });
        expect(client.enqueued).toHaveLength(index + 1);
      }
    } finally {
      vi.useRealTimers();
    }
    // What the caller says still makes a difference.
    await expect(analytics.track({ ...ids, userId: 'u1', event: 'Bought' }, options)).rejects.toThrow(
      IdempotencyConflictError,
    );
  });

  test('of large events travel in more jobs, in order, none above what a job may carry', async () => {
    const { client, analytics } = setup();
    const messages = Array.from({ length: 300 }, (_, index) => ({
      userId: `u${index}`,
      event: 'Seen',
      properties: { text: 'x'.repeat(5_000) },
    }));
    await analytics.trackMany(messages);
    const sent = client.dataOf(trackBatch);
    expect(sent.flatMap(({ batch }) => batch.map(({ userId }) => userId))).toEqual(messages.map(each => each.userId));
    expect(sent.length).toBeGreaterThan(2);
    await expect(
      analytics.trackMany([{ userId: 'u', event: 'Seen', properties: { text: 'x'.repeat(300_000) } }]),
    ).rejects.toThrow(PayloadTooLargeError);
    expect(client.dataOf(trackBatch)).toHaveLength(sent.length);
  });

  test('of none are no job', async () => {
    const { client, analytics } = setup();
    expect(await analytics.trackMany([])).toEqual([]);
    expect(client.enqueued).toEqual([]);
  });

  test('one that does not fit is named, and nothing is queued', async () => {
    const { client, analytics } = setup();
    await expect(analytics.trackMany([{ userId: 'u1', event: 'Seen' }, { event: 'Seen' }])).rejects.toThrow(
      /InvalidPayload|track-batch.*batch\[1\]|batch\.1/s,
    );
    await expect(analytics.identifyMany([{}])).rejects.toThrow(InvalidPayloadError);
    expect(client.enqueued).toEqual([]);
  });
});

test('a whole user or order of the app may be passed: only what the contract names is queued', async () => {
  const { client, email } = setup();
  const row = { ...user, passwordHash: 'secret', createdAt: new Date(0) };
  await email.sendWelcomeEmail(row);
  await email.sendWelcomeEmails([{ ...row, userId: 'u2' }]);
  expect(JSON.stringify(client.enqueued)).not.toContain('secret');
});

test('wrong calls do not compile', () => {
  const wrong = ({ email, analytics, notification }: Producers): void => {
    // @ts-expect-error an email is missing
    void email.sendWelcomeEmail({ userId: 'u1', name: 'Ada' });
    // @ts-expect-error an id is a text
    void email.sendOrderConfirmation({ orderId: 1, email: 'ada@example.com' });
    // @ts-expect-error the order is a reference: nothing else travels
    void email.sendOrderConfirmation({ ...order, total: 12 });
    // @ts-expect-error no such priority
    void email.sendPasswordReset(reset, { priority: 'urgent' });
    // @ts-expect-error no such option
    void email.sendPasswordReset(reset, { attempts: 1e9 });
    // @ts-expect-error one key cannot stand for several jobs
    void email.sendWelcomeEmails([user], { idempotencyKey: 'once' });
    // @ts-expect-error one key cannot stand for several jobs
    void email.sendPasswordResets([reset], { idempotencyKey: 'once' });
    // @ts-expect-error one is not many
    void email.sendWelcomeEmails(user);
    // @ts-expect-error an event has a name
    void analytics.track({ userId: 'u1' });
    // @ts-expect-error traits are not of a track call
    void analytics.trackMany([{ userId: 'u1', event: 'Seen', traits: {} }]);
    // @ts-expect-error one key cannot stand for several jobs
    void analytics.identifyMany([{ userId: 'u1' }], { idempotencyKey: 'once' });
    // @ts-expect-error a payload is missing
    void notification.notifyWebhook({ url: 'https://hooks.example/x', eventType: 'order.placed' });
    // @ts-expect-error a push has a notification
    void notification.notifyWebPush({ subscription: push.subscription });
    // @ts-expect-error a title is a text
    void notification.notifyInApp({ ...note, title: 1 });
  };
  expect(wrong).toBeTypeOf('function');
  expectTypeOf<EmailProducer['sendWelcomeEmail']>().returns.toExtend<Promise<{ readonly deduplicated: boolean }>>();
  expectTypeOf<AnalyticsProducer['track']>().returns.toExtend<Promise<{ readonly id: string }>>();
  expectTypeOf<NotificationProducer['notifyInApps']>().returns.toExtend<Promise<readonly { readonly id: string }[]>>();
});
