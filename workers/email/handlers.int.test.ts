import { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { DeliveryError } from '../../src/resilience/index.ts';
import { runHandler } from '../../src/testing/index.ts';
import { freshDatabase } from '../../tests/support/engines.ts';
import type { MailContent, SendOptions } from './mailer.ts';
import { createOrderStore, sendOrderConfirmation, sendPasswordReset, sendWelcomeEmail, type Order } from './index.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Keeps what it is given: that a mailer sends is tested where the mailer is. */
function recordingMailer() {
  const sent: (MailContent & SendOptions)[] = [];
  return {
    sent,
    mailer: {
      send: async (content: MailContent, options: SendOptions) => void sent.push({ ...content, ...options }),
      close: () => undefined,
    },
  };
}

async function orderStore() {
  const database = await freshDatabase();
  cleanups.push(() => database.drop());
  const pool = new Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  cleanups.push(() => pool.end());
  const orders = createOrderStore(pool);
  await orders.migrate();
  return orders;
}

const appAddress = { link: (path: string) => `https://shop.example${path}` };
const order: Order = {
  id: 'order-1',
  userId: 'u1',
  email: 'ada@example.com',
  currency: 'EUR',
  items: [{ productId: 'tea-pot', quantity: 2, price: 2_450 }],
  total: 4_900,
};

describe('order-confirmation', () => {
  test('writes what the store holds when it runs, not what was true when it was queued', async () => {
    const orders = await orderStore();
    expect(await orders.insert(order)).toBe(true);
    expect(await orders.insert({ ...order, total: 1 })).toBe(false);
    const { sent, mailer } = recordingMailer();
    const outcome = await runHandler(
      sendOrderConfirmation,
      { orderId: 'order-1', email: 'ada@example.com' },
      { needs: { mailer, orders } },
    );
    expect(outcome.kind).toBe('succeeded');
    expect(sent[0]).toMatchObject({ to: 'ada@example.com', subject: 'Your order order-1' });
    expect(sent[0]?.text).toContain('2 x tea-pot  \u20ac49.00');
    expect(sent[0]?.html).toContain('\u20ac49.00');
  });

  test('an order that does not exist ends the job at once', async () => {
    const orders = await orderStore();
    const { sent, mailer } = recordingMailer();
    const outcome = await runHandler(
      sendOrderConfirmation,
      { orderId: 'gone', email: 'ada@example.com' },
      { needs: { mailer, orders } },
    );
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'said-by-handler' });
    expect(sent).toEqual([]);
  });

  test('waits while the database is away: no attempt is spent, no mail server paused, no address told', async () => {
    const pool = new Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none', connectionTimeoutMillis: 2_000 });
    cleanups.push(() => pool.end());
    const { sent, mailer } = recordingMailer();
    const outcome = await runHandler(
      sendOrderConfirmation,
      { orderId: 'order-1', email: 'ada@example.com' },
      { needs: { mailer, orders: createOrderStore(pool) }, run: { attempt: 8 } },
    );
    expect(outcome).toMatchObject({ kind: 'snoozed', reason: 'The database is away (ECONNREFUSED).' });
    expect(sent).toEqual([]);
  });
});

test('password-reset carries the token in the link, encoded, and nowhere else', async () => {
  const { sent, mailer } = recordingMailer();
  const resetToken = 'abc_DEF-0123456789';
  await runHandler(sendPasswordReset, { email: 'ada@example.com', resetToken }, { needs: { mailer, appAddress } });
  expect(sent[0]?.text).toContain(`https://shop.example/reset?token=${resetToken}`);
  expect(sent[0]?.subject).not.toContain(resetToken);
});

test('every try of one job has the same effect id', async () => {
  const { sent, mailer } = recordingMailer();
  const data = { userId: 'u1', email: 'ada@example.com', name: 'Ada' };
  const run = { jobId: 'email-1', effectId: 'email-1' };
  await runHandler(sendWelcomeEmail, data, { needs: { mailer, appAddress }, run: { ...run, attempt: 1 } });
  await runHandler(sendWelcomeEmail, data, { needs: { mailer, appAddress }, run: { ...run, attempt: 2 } });
  expect(sent.map(({ effectId }) => effectId)).toEqual(['email-1', 'email-1']);
});

test('what the mail server refuses for good is not tried again; what is in doubt is', async () => {
  const refusing = (kind: 'permanent' | 'unknown') => ({
    send: () => Promise.reject(new DeliveryError(kind, 'no')),
    close: () => undefined,
  });
  const data = { userId: 'u1', email: 'ada@example.com', name: 'Ada' };
  const permanent = await runHandler(sendWelcomeEmail, data, { needs: { mailer: refusing('permanent'), appAddress } });
  expect(permanent).toMatchObject({ kind: 'dead', reason: 'permanent' });
  const unknown = await runHandler(sendWelcomeEmail, data, { needs: { mailer: refusing('unknown'), appAddress } });
  expect(unknown).toMatchObject({ kind: 'retry' });
});
