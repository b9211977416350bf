import { describe, expect, expectTypeOf, test } from 'vitest';
import { InvalidOptionsError } from '../src/errors/index.ts';
import { InvalidPayloadError, PayloadTooLargeError } from '../src/contracts/index.ts';
import { identify, track } from '../jobs/index.ts';
import { recordingClient } from '../src/testing/index.ts';
import {
  createAnalyticsProducer,
  createEmailProducer,
  createNotificationProducer,
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

describe.each<{ name: string; call: (producers: Producers) => Promise<unknown>; keyed?: false }>([
  { name: 'welcome-email', call: ({ email }) => email.sendWelcomeEmail(user, KEYED) },
  { name: 'order-confirmation', call: ({ email }) => email.sendOrderConfirmation(order, KEYED) },
  { name: 'password-reset', call: ({ email }) => email.sendPasswordReset(reset, KEYED) },
  { name: 'track', call: ({ analytics }) => analytics.track({ userId: 'u1', event: 'Seen' }, OPTIONS), keyed: false },
  { name: 'identify', call: ({ analytics }) => analytics.identify({ userId: 'u1' }, OPTIONS), keyed: false },
  { name: 'webhook', call: ({ notification }) => notification.notifyWebhook(hook, KEYED) },
  { name: 'web-push', call: ({ notification }) => notification.notifyWebPush(push, KEYED) },
  { name: 'in-app', call: ({ notification }) => notification.notifyInApp(note, KEYED) },
])('$name', ({ name, call, keyed = true }) => {
  test('is one job with the options of the call', async () => {
    const producers = setup();
    expect(await call(producers)).toMatchObject({ name, deduplicated: false });
    expect(producers.client.enqueued).toMatchObject([
      { name, delayMs: 300_000, correlationId: 'request-1', options: keyed ? KEYED : OPTIONS },
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
  test.each(['track', 'identify'] as const)('%s: travel in order, each with an id and a time', async type => {
    const { client, analytics } = setup();
    const users = Array.from({ length: 20 }, (_, index) => ({ userId: `u${index}` }));
    const receipts =
      type === 'track'
        ? await analytics.trackMany(
            users.map(each => ({ ...each, event: 'Seen' })),
            OPTIONS,
          )
        : await analytics.identifyMany(users, OPTIONS);
    expect(receipts).toHaveLength(20);
    const sent = client.dataOf(type === 'track' ? track : identify);
    expect(sent.map(({ userId }) => userId)).toEqual(users.map(({ userId }) => userId));
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(users.length);
    for (const message of sent) {
      expect(message).toMatchObject({ messageId: expect.any(String), timestamp: expect.stringMatching(/Z$/) });
    }
    expect(client.enqueued).toMatchObject(users.map(() => ({ name: type, delayMs: 300_000, options: OPTIONS })));
  });

  test('a message id and a time that were given are kept: where events are kept, a repeat is one', async () => {
    const { client, analytics } = setup();
    const message = { userId: 'u1', event: 'Seen', messageId: 'm1', timestamp: '2026-01-01T00:00:00Z' };
    await analytics.track(message);
    await analytics.trackMany([message]);
    expect(client.dataOf(track)).toEqual([message, message]);
  });

  test('one that is larger than a chunk is refused, and none is queued', async () => {
    const { client, analytics } = setup();
    const large = { userId: 'u', event: 'Seen', properties: { text: 'x'.repeat(246_000) } };
    await expect(analytics.trackMany([{ userId: 'u', event: 'Seen' }, large])).rejects.toThrow(PayloadTooLargeError);
    expect(client.enqueued).toEqual([]);
  });

  test('an idempotency key is refused, from plain JavaScript too: what identifies an event is in it', async () => {
    const { client, analytics } = setup();
    const options: object = { idempotencyKey: 'once' };
    await expect(analytics.track({ userId: 'u1', event: 'Seen' }, options)).rejects.toThrow(/no idempotencyKey/);
    expect(client.enqueued).toEqual([]);
  });

  test('of none are no job', async () => {
    const { client, analytics } = setup();
    expect(await analytics.trackMany([])).toEqual([]);
    expect(client.enqueued).toEqual([]);
  });

  test('one that does not fit is named, and nothing is queued', async () => {
    const { client, analytics } = setup();
    await expect(analytics.trackMany([{ userId: 'u1', event: 'Seen' }, { event: 'Seen' }])).rejects.toThrow(/userId/);
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
    // @ts-expect-error an event has no key
    void analytics.track({ userId: 'u1', event: 'Seen' }, { idempotencyKey: 'once' });
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
